import type { EvaluationOptions } from '../options/session.js';
import type { ModelLibrary } from '../plugins/inference/library.js';
import { type Chain, withPrecision } from '../plugins/plan/chain.js';
import { type AskedContent, type CompressionMeter, chooseContent } from '../plugins/plan/content.js';

/** The chains that are measured on the same frames. */
export interface MeasuredChains {
  readonly chain: Chain;
  /** The same chain with networks for compressed video, where both are compared. */
  readonly videoChain?: Chain | undefined;
}

/** The chains of an evaluation: one chain, with the networks that are for what it is measured on. */
export class EvaluatedChains {
  constructor(
    private readonly own: Chain,
    private readonly library: ModelLibrary,
    private readonly options: EvaluationOptions,
  ) {}

  /** The chain for pictures and frames that were reduced, which are clean. @throws SRVID_OPTION_INVALID where --content asks for networks that are not installed */
  async onReduced(): Promise<Chain> {
    return this.#for(this.options.content, undefined);
  }

  /** The chains for frames that were compressed, too: both kinds of networks where the choice is left open. */
  async onCompressed(measure: CompressionMeter): Promise<MeasuredChains> {
    const { content } = this.options;
    if (content !== 'auto') return { chain: await this.#for(content, measure) };
    const choice = await chooseContent(content, this.own, this.library, undefined);
    return { chain: this.own, videoChain: choice && (await this.#for('video', measure)) };
  }

  async #for(asked: AskedContent, measure: CompressionMeter | undefined): Promise<Chain> {
    const { content = 'clean' } = (await chooseContent(asked, this.own, this.library, measure)) ?? {};
    return content === 'clean' ? this.own : withPrecision(this.own, this.library.preferring(content), this.options.precision);
  }
}
