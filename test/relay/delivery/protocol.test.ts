import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SrvidError } from '../../../dist/errors.js';
import { clientMessageSchema, parseClientMessage, parseGo2rtcMessage, protocolSchema, serverMessageSchema } from '../../../dist/relay/delivery/protocol.js';
import { failureOf } from '../../helpers/errors.js';
import { fuzzCases } from '../../helpers/random.js';

const CASES = fuzzCases(1500);
const document = await readFile(new URL('../../../docs/relay.md', import.meta.url), 'utf8');

/** A parser gives a message or this one error, whatever it is given. */
function survives(parse: (text: string) => unknown, text: string): void {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof SrvidError) || error.code !== 'SRVID_MESSAGE_INVALID' || error.message.length > 700) throw error;
  }
}

test('docs/relay.schema.json is what the relay checks by; scripts/relay-schema.mjs writes it', async () => {
  const written: unknown = JSON.parse(await readFile(new URL('../../../docs/relay.schema.json', import.meta.url), 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(protocolSchema())));
});

test('every message that docs/relay.md shows is one of the protocol, whole', () => {
  const shown = [...document.matchAll(/```json\n([\s\S]*?)```/g)].map(
    ([, text]) => JSON.parse((text as string).replace('"..."', '"text"')) as { type: string },
  );
  const messages = shown.filter((value) => 'type' in value);
  expect(messages.map(({ type }) => type)).toEqual(['hello', 'stats', 'gap', 'state', 'error']);
  for (const message of messages) expect(serverMessageSchema.parse(message)).toEqual(message);
  const said = [...document.matchAll(/^\| `(\{"type":"(?:set|ping)".*?\})` \|/gm)].map(([, text]) => text as string);
  expect(said).toHaveLength(3);
  for (const text of said) expect(parseClientMessage(text)).toEqual(JSON.parse(text));
});

test('fields that are not known yet are left out, so that newer clients are understood', () => {
  expect(parseClientMessage('{"type":"ping","t":1,"new":{"a":[]}}')).toEqual({ type: 'ping', t: 1 });
});

test.each([
  '',
  'hello',
  '[]',
  'null',
  '{}',
  '{"type":"sing"}',
  '{"type":"set"}',
  '{"type":"set","preset":""}',
  '{"type":"set","preset":7}',
  '{"type":"ping"}',
  '{"type":"ping","t":"1"}',
  '{"type":"ping","t":1e999}',
  `{"type":"set","preset":"${'x'.repeat(65)}"}`,
  '['.repeat(60_000),
  `${'{"type":'.repeat(8000)}`,
])('refuses %s', async (text) => {
  const error = await failureOf(() => parseClientMessage(text));
  expect(error.code).toBe('SRVID_MESSAGE_INVALID');
  expect(error.message).toContain('docs/relay.md');
});

test('no text does more than be refused', () => {
  const near = fc.record(
    {
      type: fc.oneof(fc.constantFrom('set', 'ping', 'mse', 'hello'), fc.string()),
      preset: fc.anything(),
      level: fc.anything(),
      t: fc.anything(),
      value: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.string({ unit: 'binary' }),
    near.map((value) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part)) ?? ''),
  );
  fc.assert(
    fc.property(text, (given) => {
      survives(parseClientMessage, given);
      survives(parseGo2rtcMessage, given);
    }),
    { numRuns: CASES },
  );
});

test('what it takes, it gives back as the schema has it', () => {
  const choice = fc.string({ minLength: 1, maxLength: 64 });
  const message = fc.oneof(
    fc.record({ type: fc.constant('ping'), t: fc.double({ noNaN: true, noDefaultInfinity: true }).map((t) => (t === 0 ? 0 : t)) }),
    fc.record({ type: fc.constant('set'), preset: choice, level: choice }, { requiredKeys: ['type', 'preset'] }),
  );
  fc.assert(
    fc.property(message, (given) => {
      expect(parseClientMessage(JSON.stringify(given))).toEqual(clientMessageSchema.parse(given));
    }),
  );
});
