import * as z from 'zod';
import { definePlugin, type Frame, type ModelSpec, type Plugin, type PluginContext, type WritableFrame } from '../contract.js';

/** A plugin that restores pictures at their size by one network, but for the way of its planes through the network. */
export interface RestoringNetwork<State> {
  readonly name: string;
  readonly description: string;
  readonly spec: ModelSpec;
  readonly planes: 'y' | 'yuv';
  /** Luma pixels on each side that a result depends on; 'global' where that is the whole picture. */
  readonly halo: number | 'global';
  /** Makes the memory that a thread keeps between frames; of the network's correction the share `strength` is taken. */
  readonly remember: (strength: number) => State;
  /** Fills the planes of `result` that the network gives. Not called where `strength` is 0. */
  readonly restore: (frame: Frame, result: WritableFrame, context: PluginContext<Strength, State>) => Promise<void>;
}

/** The one option of such plugins. */
export interface Strength {
  readonly strength: number;
}

/** The plugin that restores by a network. Its option `strength` says how much of the correction is taken; at 0 the network is not even loaded. */
export function restoringNetwork<State>({ name, description, spec, planes, halo, remember, restore }: RestoringNetwork<State>): Plugin<Strength, State> {
  return definePlugin<Strength, State>({
    name,
    apiVersion: 1,
    description,
    options: z.strictObject({ strength: z.number().min(0).max(1).default(1).describe('share of the correction that is taken, 0 to 1') }),
    planes,
    halo,
    models: ({ strength }) => (strength === 0 ? [] : [spec]),
    init: ({ options }) => remember(options.strength),
    async process(frame, context) {
      if (context.options.strength === 0) return frame;
      const result = context.allocate();
      await restore(frame, result, context);
      return result;
    },
  });
}
