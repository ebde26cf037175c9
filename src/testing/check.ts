import { messageOf, SrvidError } from '../errors.js';
import type { ChainPlugin } from '../plugins/plan/plugin-models.js';
import { Behaviour } from './behaviour.js';
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
    findings.fail('runs', { cause: messageOf(error), remedy: remedyFor(error), ...frameOf(error) });
  } finally {
    await behaviour.close();
  }
  return findings.report(loaded.plugin.name, loaded.module);
}

export type { CheckName };

function remedyFor(error: unknown): string {
  const said = messageOf(error);
  if (/did not answer within/.test(said))
    return 'Return from process, or settle its promise, for every frame; context.signal ends a wait for something outside.';
  if (/process\.exit/.test(said)) return 'Throw an error instead: it ends the run, names the plugin, and leaves no half-written file.';
  if (/died/.test(said)) return 'Catch what a timer, an event or an unawaited promise may throw; await what a frame has begun before returning its result.';
  if (/another size/.test(said)) return 'Return a frame of the size that "scale" gives: the frame of context.allocate() has it.';
  if (/context\.allocate/.test(said)) return 'Return the frame of context.allocate(), or the frame that was given where nothing changes.';
  return 'Mend what the message names. The cause has the stack: srvid ... --verbose prints it.';
}

function frameOf(error: unknown): { frame?: number } {
  const frame = error instanceof SrvidError ? error.details['frame'] : undefined;
  return typeof frame === 'number' ? { frame } : {};
}
