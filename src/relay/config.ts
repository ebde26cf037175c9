import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseForeignJson, readBounded } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';
import { relaySchema, type StreamOptions, streamSchema } from '../options/relay.js';
import { parseLiveInput } from '../pipeline/input/live-input.js';
import { loadPreset } from '../plugins/plan/presets.js';

const MAX_BYTES = 1 << 20;

/** The options of each stream, keyed by its name. The name becomes part of the stream's address. */
export type StreamRequests = Readonly<Record<string, StreamOptions>>;

/** Reads and validates a configuration file, at most 1 MiB of JSON. @throws SRVID_RELAY_CONFIG */
export async function loadRelayConfig(path: string): Promise<StreamRequests> {
  const invalid = (why: string, cause?: unknown) =>
    new SrvidError('SRVID_RELAY_CONFIG', `The configuration ${path} cannot be used: ${why}. docs/relay.md says what may stand there.`, { path }, cause);
  let json: unknown;
  try {
    json = parseForeignJson((await readBounded(path, MAX_BYTES)).toString());
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  const parsed = relaySchema.safeParse(json);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`).join('; '));
  if (Object.keys(parsed.data.streams).length === 0) throw invalid('it has no stream');
  return parsed.data.streams;
}

/** Validates the options of one stream and fills in the defaults. @throws SRVID_OPTION_INVALID The message names every option that is wrong. */
export function parseStream(request: Readonly<Record<string, unknown>>): StreamOptions {
  const parsed = streamSchema.safeParse(request);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
  throw new SrvidError('SRVID_OPTION_INVALID', `These options are not valid: ${complaints.join('; ')}.`, { options: complaints });
}

/**
 * Checks a stream before anything starts: the kind of input, that an input file exists, that the preset exists, and that
 * the recording would overwrite nothing.
 * @throws SRVID_OPTION_INVALID, SRVID_PRESET_UNKNOWN, SRVID_PRESET_INVALID, SRVID_INPUT_NOT_FOUND, SRVID_OUTPUT_EXISTS
 */
export async function checkStream({ input, loop, inputFormat: format, preset, record, allowReferences: references, maxPixels }: StreamOptions): Promise<void> {
  const { shown, file } = parseLiveInput(input, { loop, format, references, maxPixels });
  await loadPreset(preset);
  const found = file === undefined ? { isFile: () => true } : await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    // A name that is not shown may hold a password: it is a mistyped address.
    const named = file !== undefined && basename(file) === shown ? file : shown;
    const what = found ? 'is not a file' : 'does not exist';
    throw new SrvidError(
      'SRVID_INPUT_NOT_FOUND',
      `The input ${named} ${what}. Give a video file, a URL, a capture device such as v4l2:/dev/video0, - or push.`,
      {
        path: named,
      },
    );
  }
  if (record !== undefined && (await stat(record).catch(() => undefined)))
    throw new SrvidError('SRVID_OUTPUT_EXISTS', `The recording ${record} exists already. Choose another name, or move it away.`, { path: record });
}
