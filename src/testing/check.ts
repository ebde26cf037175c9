import { messageOf, SrvidError } from '../errors.js';
import type { ChainPlugin } from '../plugins/plan/plugin-models.js';
import { Behaviour, DYING } from './behaviour.js';
import { loadPlugin, type PluginPlace } from './load.js';
import { faultOfOptions } from './options-check.js';
import { type CheckName, Findings, type PluginReport } from './report.js';

/** Options of `checkPlugin`. */
export interface CheckOptions extends PluginPlace {
  /** The longest time for one frame, in milliseconds; 5000 where not given. */
  readonly frameTimeoutMs?: number;
}

/**
 * Runs the conformance suite on a plugin: in srvid's own workers and flow of frames, on pictures that it makes itself, without
 * ffmpeg. A plugin that fails is described in the report; nothing is thrown for it.
 * @param plugin a path, a package's name, a built-in's name, with options behind a "?", or the URL of its module
 * @throws SRVID_PLUGIN_UNKNOWN where there is none, SRVID_OPTION_INVALID where `options` are not the plugin's, the signal's reason
 */
export async function checkPlugin(plugin: string | URL, options: CheckOptions = {}): Promise<PluginReport> {
  const { signal = new AbortController().signal, frameTimeoutMs = 5000 } = options;
  const findings = new Findings();
  let loaded: ChainPlugin;
  try {
    loaded = await loadPlugin(plugin, options);
  } catch (error) {
    if (!(error instanceof SrvidError) || error.code !== 'SRVID_PLUGIN_INVALID') throw error;
    findings.fail('contract', { cause: error.message, remedy: 'See docs/plugins.md, "The contract", for the field that the message names.' });
    return findings.report(String(plugin), String(plugin));
  }
  findings.pass('contract');
  const fault = faultOfOptions(loaded.plugin, loaded.given);
  if (fault) findings.fail('options', fault);
  else findings.pass('options');
  const behaviour = new Behaviour(loaded, findings, signal, frameTimeoutMs);
  try {
    await behaviour.check();
  } catch (error) {
    signal.throwIfAborted();
    const cause = messageOf(error);
    const [, breaks, remedy] = FAILURES.find(([said]) => said.test(cause)) as (typeof FAILURES)[number];
    findings.fail(breaks, { cause, remedy, ...frameOf(error) });
  } finally {
    await behaviour.close();
  }
  return findings.report(loaded.plugin.name, loaded.module);
}

/** Failures that a run names, with the promise that each breaks. */
const FAILURES: readonly (readonly [said: RegExp, breaks: CheckName, remedy: string])[] = [
  [/wrote to the frame/, 'inputs', 'Write into the frame of context.allocate(); to change samples in place, copy them there first.'],
  [/read only property 'pts'/, 'pts', 'Leave pts as it is: srvid gives each result the time of its frame.'],
  [/by its scale it gives/, 'sizes', 'Return the frame of context.allocate(), which has the size that "scale" gives, or correct "scale".'],
  [/did not answer within/, 'runs', 'Return from process, or settle its promise, for every frame; context.signal ends a wait for something outside.'],
  [/process\.exit/, 'runs', 'Throw an error instead: it ends the run, names the plugin, and leaves no half-written file.'],
  [/died/, 'runs', DYING],
  [/context\.allocate/, 'runs', 'Return the frame of context.allocate(), or the frame that was given where nothing changes.'],
  [/(?:)/, 'runs', 'Mend what the message names.'],
];

function frameOf(error: unknown): { frame?: number } {
  const frame = error instanceof SrvidError ? error.details['frame'] : undefined;
  return typeof frame === 'number' ? { frame } : {};
}
