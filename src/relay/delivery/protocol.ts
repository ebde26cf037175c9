import * as z from 'zod';
import type * as client from '../../client/messages.js';
import { SrvidError } from '../../errors.js';

/*
 * The relay's protocol, version 1: docs/relay.md says when each message is sent. docs/relay.schema.json is made of these
 * schemas by scripts/relay-schema.mjs. `satisfies` ties them to the types of the client, which has no zod.
 */

/** The version in `v` of a `hello`. */
export const PROTOCOL_VERSION = 1;
/** The name of the WebSocket subprotocol, version included. */
export const SUBPROTOCOL = 'srvid.v1';

const count = z.int().nonnegative();
const pixels = z.int().positive();
const seconds = z.number();
const milliseconds = z.number().nonnegative();
const wallClock = z.number().describe("milliseconds since 1970 by the relay's wall clock");
const percentiles = z.object({ p50: milliseconds, p95: milliseconds, p99: milliseconds });
const renditionName = z.enum(['sr', 'source', 'raw']);
const plane = z.object({ name: z.enum(['y', 'u', 'v', 'rgb']), width: pixels, height: pixels });

const hello = z.object({
  type: z.literal('hello'),
  v: z.literal(PROTOCOL_VERSION),
  stream: z.string(),
  rendition: renditionName,
  epoch: count,
  mime: z.string(),
  width: pixels,
  height: pixels,
  fps: z.number().positive(),
  renditions: z.array(renditionName),
  source: z.object({ width: pixels, height: pixels }),
  preset: z.string(),
  presets: z.array(z.string()),
  levels: z.array(z.string()),
  networks: z.array(z.string()),
  maySet: z.boolean(),
  budgetMs: milliseconds,
  raw: z.object({ planes: z.array(plane), matrix: z.string().nullable(), range: z.enum(['tv', 'pc']).nullable() }).optional(),
}) satisfies z.ZodType<client.HelloMessage>;

const stats = z.object({
  type: z.literal('stats'),
  at: wallClock,
  fps: z.number().nonnegative(),
  sourceFps: z.number().nonnegative(),
  level: z.string(),
  pinned: z.string().nullable(),
  levels: z.record(z.string(), count),
  perSecond: z.object({ levels: z.record(z.string(), z.number().nonnegative()), dropped: z.number().nonnegative() }),
  superResolved: z.number().min(0).max(1).nullable(),
  outcomes: z.object({ sr: count, reused: count, bypassed: count, dropped: count }),
  latencyMs: percentiles,
  relayMs: percentiles,
  viewers: count,
  clock: z.object({ pts: seconds, at: wallClock }).optional(),
}) satisfies z.ZodType<client.StatsMessage>;

const gap = z.object({
  type: z.literal('gap'),
  from: seconds,
  to: seconds,
  fragments: z.int().positive(),
  reason: z.literal('slow'),
}) satisfies z.ZodType<client.GapMessage>;

const state = z.object({
  type: z.literal('state'),
  state: z.enum(['live', 'waiting', 'ended']),
  message: z.string(),
  code: z.string().optional(),
  retryInMs: milliseconds.optional(),
}) satisfies z.ZodType<client.StateMessage>;

const error = z.object({ type: z.literal('error'), code: z.string(), message: z.string() }) satisfies z.ZodType<client.ErrorMessage>;

const pong = z.object({ type: z.literal('pong'), t: z.number(), at: wallClock }) satisfies z.ZodType<client.PongMessage>;

/** The body of an answer by HTTP that refuses a request, a handshake included. */
const refusal = z.object({ code: z.string(), message: z.string(), streams: z.array(z.string()).optional() }) satisfies z.ZodType<client.Refusal>;

const ready = z.object({ type: z.literal('ready') });

/** Schema of all text messages that the relay sends. `ready` goes to pushers only. */
export const serverMessageSchema = z.discriminatedUnion('type', [hello, stats, gap, state, error, pong, ready]);

const choice = z.string().min(1).max(64);

const set = z
  .object({ type: z.literal('set'), preset: choice.optional(), level: choice.optional() })
  .refine(({ preset, level }) => preset !== undefined || level !== undefined, 'set needs a preset or a level');

const ping = z.object({ type: z.literal('ping'), t: z.number() });

/** Schema of all text messages that a viewer may send. */
export const clientMessageSchema = z.discriminatedUnion('type', [set, ping]);

/** Schema of go2rtc's client messages: `mse` with the client's codecs, or a request for something that the relay does not offer. */
const go2rtcMessageSchema = z.object({ type: z.string().min(1).max(64), value: z.string().optional() });

/** Announces a stream and its next init segment. The fields are documented in src/client/messages.ts. */
export type Hello = z.infer<typeof hello>;
/** Figures of the running epoch, sent once a second. The fields are documented in src/client/messages.ts. */
export type StatsMessage = z.infer<typeof stats>;
/** A change of the stream's state: live, waiting or ended. */
export type StateMessage = z.infer<typeof state>;
/** Any text message of the relay. */
export type ServerMessage = z.infer<typeof serverMessageSchema>;
/** Any text message of a viewer. */
export type ClientMessage = z.infer<typeof clientMessageSchema>;
/** Any text message of a go2rtc client. */
export type Go2rtcMessage = z.infer<typeof go2rtcMessageSchema>;

/** The body of an answer that refuses a request. The fields are documented in src/client/messages.ts. */
export type RefusalBody = z.infer<typeof refusal>;

/** Parses and validates a viewer's text message. No text makes it throw anything else. @throws SRVID_MESSAGE_INVALID */
export function parseClientMessage(text: string): ClientMessage {
  return parse(clientMessageSchema, text);
}

/** Parses and validates a go2rtc client's text message. @throws SRVID_MESSAGE_INVALID */
export function parseGo2rtcMessage(text: string): Go2rtcMessage {
  return parse(go2rtcMessageSchema, text);
}

function parse<T>(schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(fromJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.').slice(0, 64)}` : '';
  throw invalid(`found${where}: ${issue?.message.slice(0, 200)}`);
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('found something else');
  }
}

function invalid(found: string): SrvidError {
  return new SrvidError('SRVID_MESSAGE_INVALID', `Expected a JSON message of the protocol ${SUBPROTOCOL}, but ${found}. docs/relay.md lists them.`);
}

/** The messages of relay and client as a JSON schema, for docs/relay.schema.json. */
export function protocolSchema(): Record<string, unknown> {
  const schemaOf = (schema: z.ZodType) => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    return rest;
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `srvid's relay protocol, version ${PROTOCOL_VERSION}`,
    $defs: { server: schemaOf(serverMessageSchema), client: schemaOf(clientMessageSchema), refusal: schemaOf(refusal) },
  };
}
