import { SrvidError } from '../../errors.js';
import type { ModelLibrary } from '../inference/library.js';
import type { Content } from '../inference/twins.js';
import type { Chain } from './chain.js';
import { modelsOf } from './plugin-models.js';

/** The kind of source that a run's networks are for, and the reason for it in words. */
export interface ContentChoice {
  readonly content: Content;
  readonly reason: string;
}

/** A user's wish: a kind of source, or that it is measured. */
export type AskedContent = 'auto' | Content;

/** Answers how coarsely the source is compressed; undefined where that cannot be told. */
export type CompressionMeter = () => Promise<{ readonly content: Content; readonly found: string } | undefined>;

/**
 * Chooses between a chain's own networks and their twins for compressed video. Undefined where there is nothing to choose. The source is measured
 * only where the answer counts: for "auto", and for "video", which leaves open how strongly it is compressed.
 * @throws SRVID_OPTION_INVALID where networks for compressed video are asked for and none is installed
 */
export async function chooseContent(
  asked: AskedContent,
  { plugins }: Chain,
  library: ModelLibrary,
  measure: CompressionMeter | undefined,
): Promise<ContentChoice | undefined> {
  const networks = modelsOf(plugins).map(({ entry }) => entry);
  const has = (content: Content) => networks.some((entry) => library.hasTwin(entry, content));
  if (!has('video') && !has('coarse')) {
    if (asked === 'auto' || asked === 'clean') return undefined;
    const ids = networks.map(({ id }) => id).join(', ') || 'no network';
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `--content ${asked} was given, but this chain runs ${ids}, of which none has a form for compressed video. "srvid models" lists those that have. Choose another preset or scale, or leave --content out.`,
      { networks: networks.map(({ id }) => id) },
    );
  }
  const installed = (content: Content) => (content === 'coarse' && !has('coarse') ? 'video' : content);
  if (asked === 'clean' || asked === 'coarse') return { content: installed(asked), reason: 'as asked for' };
  const compression = await measure?.();
  if (asked === 'video') {
    const content = installed(compression?.content === 'coarse' ? 'coarse' : 'video');
    return { content, reason: compression ? `as asked for; ${compression.found}` : 'as asked for' };
  }
  if (!compression) return { content: 'clean', reason: 'the compression of this source cannot be told beforehand' };
  return { content: installed(compression.content), reason: compression.found };
}
