import { SrvidError } from '../errors.js';
import type { Measured } from '../eval/comparison.js';
import { meanOf, psnr } from '../eval/metrics.js';
import type { Picture } from '../eval/picture-file.js';
import { type OnnxModel, serializeModel } from '../onnx/model-file.js';
import { type NetworkThread, openNetworkThread } from '../plugins/inference/network-thread.js';
import type { NamedTensor } from '../plugins/inference/onnx-runtime.js';
import { expose, reportLayers } from './layers.js';
import type { PictureNetwork } from './picture-network.js';
import { type Pictures, toPicture, toTensors } from './pictures.js';
import type { LayerReport, QualityReport } from './report.js';
import { Tally } from './tally.js';
import { type Tile, worstTiles } from './tiles.js';

/** A float network to compare with, and its name in the report. */
export interface Reference {
  readonly name: string;
  readonly model: OnnxModel;
  readonly network: PictureNetwork;
}

/** Result of `measureQuality`. */
export interface Quality {
  /** Undefined where there is nothing to compare with. */
  readonly quality: QualityReport | undefined;
  readonly layers: readonly LayerReport[];
  readonly tiles: readonly Tile[];
  /** The reason why the network has no float twin; undefined where it has one. */
  readonly obstacle: string | undefined;
}

/**
 * Runs a network and its float form on the same pictures, and measures their difference at the output and in each
 * stored tensor.
 */
export async function measureQuality(
  name: string,
  model: OnnxModel,
  network: PictureNetwork,
  reference: Reference | undefined,
  pictures: Pictures,
  signal?: AbortSignal,
): Promise<Quality> {
  const exposed = expose(model);
  const tallies = exposed.stored.map((tensor) => new Tally(tensor));
  const runs: { psnr: number; lumaShift: number }[] = [];
  const tiles: Tile[] = [];
  const opened: NetworkThread[] = [];
  const open = async (what: string, content: OnnxModel) => {
    const session = await openNetworkThread(what, serializeModel(content), { signal });
    opened.push(session);
    return session;
  };
  try {
    const session = await open(name, exposed.network);
    const twin = exposed.twin && (await open(`the float twin of ${name}`, exposed.twin));
    const other = reference && (await open(reference.name, reference.model));
    for (const picture of pictures.pictures) {
      const found = await session.run(toTensors(network, picture));
      const exact = await twin?.run(toTensors(network, picture));
      for (const tally of tallies) tally.add(found[tally.tensor.bytes] as NamedTensor, exact?.[tally.tensor.value]);
      const wanted = other && reference ? await resultOf(reference, other, picture) : exact && toPicture(name, network, exact);
      if (!wanted) continue;
      const result = toPicture(name, network, found);
      assertSameSize(name, result, reference?.name ?? '', wanted);
      runs.push(differenceOf(result, wanted));
      tiles.push(...worstTiles(wanted, result));
    }
  } finally {
    for (const session of opened) await session.release();
  }
  return {
    quality: runs.length > 0 ? summary(runs, reference, pictures) : undefined,
    layers: reportLayers(model, tallies),
    tiles: tiles.sort((a, b) => b.error - a.error),
    obstacle: exposed.obstacle,
  };
}

async function resultOf({ name, network }: Reference, session: NetworkThread, picture: Picture): Promise<Measured> {
  return toPicture(name, network, await session.run(toTensors(network, picture)));
}

function assertSameSize(name: string, { luma, rgb }: Measured, other: string, wanted: Measured): void {
  if (luma.width === wanted.luma.width && luma.height === wanted.luma.height && (rgb === undefined) === (wanted.rgb === undefined)) return;
  const sizeOf = (picture: Measured) => `${picture.luma.width}x${picture.luma.height} ${picture.rgb ? 'RGB' : 'luma'}`;
  throw new SrvidError(
    'SRVID_MODEL_UNSUPPORTED',
    `${name} gives ${sizeOf({ luma, ...(rgb ? { rgb } : {}) })}, but the reference ${other} ${sizeOf(wanted)}. Give the float network that it was made from.`,
    { name, reference: other },
  );
}

function differenceOf(result: Measured, wanted: Measured): { psnr: number; lumaShift: number } {
  const decibel = result.rgb && wanted.rgb ? psnr(result.rgb, wanted.rgb, 0, 3) : psnr(result.luma, wanted.luma, 0);
  return { psnr: decibel, lumaShift: meanOf(result.luma) - meanOf(wanted.luma) };
}

function summary(runs: readonly { psnr: number; lumaShift: number }[], reference: Reference | undefined, { source, pictures }: Pictures): QualityReport {
  const mean = (of: 'psnr' | 'lumaShift') => runs.reduce((sum, run) => sum + run[of], 0) / runs.length;
  const [first] = pictures as [Picture];
  return {
    reference: reference ? { kind: 'file', name: reference.name } : { kind: 'float-twin', name: 'its float twin' },
    pictures: { source, count: pictures.length, size: `${first.width}x${first.height}` },
    psnr: rounded(mean('psnr'), 3),
    worstPsnr: rounded(Math.min(...runs.map((run) => run.psnr)), 3),
    lumaShift: rounded(mean('lumaShift'), 4),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits)) + 0; // never -0
}
