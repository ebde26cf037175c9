import { SrvidError } from '../../errors.js';
import type { ModelLibrary } from '../inference/library.js';
import type { Chain } from './chain.js';
import { modelsOf } from './plugin-models.js';

/** The kind of source that a run's networks are for, and the reason for it in words. */
export interface ContentChoice {
  readonly content: 'clean' | 'video';
  readonly reason: string;
}

/** Answers how coarsely the source is compressed; undefined where that cannot be told. */
export type CompressionMeter = () => Promise<{ readonly isCoarse: boolean; readonly found: string } | undefined>;

/**
 * Chooses between a chain's own networks and their twins for compressed video. Undefined where there is nothing to choose. The source is measured
 * only where the answer counts.
 * @throws SRVID_OPTION_INVALID where networks for compressed video are asked for and none is installed
 */
export async function chooseContent(
  asked: 'auto' | 'clean' | 'video',
  { plugins }: Chain,
  library: ModelLibrary,
  measure: CompressionMeter | undefined,
): Promise<ContentChoice | undefined> {
  const networks = modelsOf(plugins).map(({ entry }) => entry);
  if (!networks.some((entry) => library.hasVideoTwin(entry))) {
    if (asked !== 'video') return undefined;
    const ids = networks.map(({ id }) => id).join(', ') || 'no network';
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `--content video was given, but this chain runs ${ids}, of which none has a form for compressed video. "srvid models" lists those that have. Choose another preset or scale, or leave --content out.`,
      { networks: networks.map(({ id }) => id) },
    );
  }
  if (asked !== 'auto') return { content: asked, reason: 'as asked for' };
  const compression = await measure?.();
  if (!compression) return { content: 'clean', reason: 'the compression of this source cannot be told beforehand' };
  return { content: compression.isCoarse ? 'video' : 'clean', reason: compression.found };
}
