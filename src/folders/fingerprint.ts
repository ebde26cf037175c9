import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { readBounded } from '../bounded-file.js';
import { SrvidError } from '../errors.js';
import type { SessionRequest } from '../options/requests.js';
import { parseSessionOptions } from '../options/session.js';
import { ownFiles } from '../plugins/own-files.js';

/** Networks are the largest of these files. */
const MAX_BYTES = 1 << 31;

/** Options that change when and how fast a result is there, and not the result. */
const WITHOUT_EFFECT = {
  ...{ input: '', output: '', overwrite: false, retune: false, workers: 0, threads: 0 },
  ...{ resume: false, segment: 0 },
  ...{ taskTimeoutMs: 0, stallTimeoutMs: 0, progressIntervalMs: 0 },
};

/**
 * A text that is the same for commands that make the same of a file: of the options that decide on a result, and of the files they
 * name: preset, plugins, network.
 * @throws SRVID_OPTION_INVALID, SRVID_PLUGIN_UNKNOWN
 */
export async function fingerprintOf(request: SessionRequest): Promise<string> {
  const options = { ...parseSessionOptions(request), ...WITHOUT_EFFECT };
  const hash = createHash('sha256').update(JSON.stringify(options));
  const named = [...(await ownFiles(request)), ...(request.models === undefined ? [] : [resolve(request.models, 'manifest.json')])];
  for (const path of named) {
    const bytes = await readBounded(path, MAX_BYTES).catch((error: unknown) => {
      if (error instanceof SrvidError) throw error;
      return Buffer.alloc(0); // The run says what is wrong with it.
    });
    hash.update(`\0${path}\0`).update(bytes);
  }
  return hash.digest('hex');
}
