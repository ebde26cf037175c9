import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { messageOf } from '../errors.js';
import type { Frame, Plugin, PluginContext } from '../plugins/contract.js';
import { validateOptions } from '../plugins/registry.js';
import { Tally } from './tally.js';

/** The options under which an observed plugin is asked for: those of the plugin itself, and the memory of the tally. */
export interface ObservedRequest {
  readonly given: Readonly<Record<string, unknown>>;
  readonly tally: SharedArrayBuffer;
  /** Frames from one measurement of memory to the next; 0 measures never. */
  readonly measureEvery: number;
}

interface Observed {
  readonly own: unknown;
  readonly tally: Tally;
  readonly measureEvery: number;
}

/**
 * A plugin that does what `plugin` does, under the same name and declarations, and counts it. It runs where `plugin` would:
 * in srvid's workers, which know nothing of the observation.
 * @param ear hears what its thread prints
 */
export function observe(plugin: Plugin, ear?: OutputEar): Plugin {
  const contexts = new WeakMap<object, PluginContext<unknown, unknown>>();
  const observed = (context: PluginContext<unknown, unknown>) => context.options as Observed;
  /** The context with the plugin's own options, one for the life of the plugin. */
  const own = (context: PluginContext<unknown, unknown>): PluginContext<unknown, unknown> => {
    const known = contexts.get(context) ?? (Object.create(context, { options: { value: observed(context).own } }) as PluginContext<unknown, unknown>);
    contexts.set(context, known);
    return known;
  };
  const { scale, models, init, flush, close } = plugin;
  return Object.create(
    plugin,
    described({
      options: {
        parse: (value: unknown): Observed => {
          const { given, tally, measureEvery } = value as ObservedRequest;
          return { own: validateOptions(plugin, given), tally: new Tally(tally), measureEvery };
        },
      },
      ...(typeof scale === 'function' && { scale: (options: unknown, input: { width: number; height: number }) => scale((options as Observed).own, input) }),
      ...(models && { models: (options: unknown) => models.call(plugin, (options as Observed).own) }),
      init: (context: PluginContext<unknown>) => {
        const { tally } = observed(context);
        tally.add('inits');
        ear?.attach(tally);
        return init?.call(plugin, own(context) as PluginContext<unknown>);
      },
      process: async (frame: Frame, context: PluginContext<unknown, unknown>) => {
        const { tally, measureEvery } = observed(context);
        const number = tally.add('frames');
        const result = await plugin.process(frame, own(context));
        if (measureEvery > 0 && (number + 1) % measureEvery === 0) tally.addSample(bytesInUse());
        return result;
      },
      flush: (context: PluginContext<unknown, unknown>) => noting(context, 'flush', () => flush?.call(plugin, own(context))),
      close: async (context: PluginContext<unknown, unknown>) => {
        await noting(context, 'close', () => close?.call(plugin, own(context)));
        observed(context).tally.add('closes');
      },
    }),
  ) as Plugin;
}

/** Hears everything that this thread writes to standard output from now on, and holds nothing back. */
export class OutputEar {
  #tally: Tally | undefined;
  /** Heard before there was a tally: while the module was imported. */
  readonly #early: string[] = [];

  constructor() {
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = ((...args: Parameters<typeof write>) => {
      const said = JSON.stringify(String(args[0]).slice(0, 200));
      if (this.#tally) this.#count(this.#tally, `it wrote ${said} at frame ${Math.max(0, this.#tally.count('frames') - 1)}`);
      else this.#early.push(`it wrote ${said} when it was imported`);
      return write(...args);
    }) as typeof write;
  }

  /** Has the tally count what is heard, and what was heard so far. */
  attach(tally: Tally): void {
    this.#tally = tally;
    for (const what of this.#early.splice(0)) this.#count(tally, what);
  }

  #count(tally: Tally, what: string): void {
    if (tally.add('prints') === 0) tally.note(what);
  }
}

async function noting(context: PluginContext<unknown, unknown>, step: string, call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    (context.options as Observed).tally.note(`${step} threw: ${messageOf(error)}`);
    throw error;
  }
}

function described(members: Record<string, unknown>): PropertyDescriptorMap {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, { value, enumerable: true }]));
}

/** Bytes that JavaScript holds on this thread, after everything that nobody holds has been collected. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // Typed arrays are given back by the second.
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
