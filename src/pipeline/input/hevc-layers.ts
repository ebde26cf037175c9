import type { FfmpegBinary } from '../ffmpeg/binary.js';
import type { Probe, ProbedStream } from '../ffmpeg/probe.js';
import { runTool } from '../ffmpeg/tied-process.js';
import { PATIENCE_MS } from '../frames/timeout.js';

/** The header of a video parameter set in the first layer: NAL unit type 32 (ITU-T H.265, 7.3.1.2). */
const VPS_HEADER = Buffer.from([0x40, 0x01]);
/** Bytes of `hvcC` before its first parameter set (ISO/IEC 14496-15, 8.3.3.1.2). */
const HVCC_HEAD = 23;

/**
 * True where a HEVC stream says that it has more layers than the first, which is all that is decoded: transparency, or the other eye of
 * MV-HEVC. Many versions of ffprobe tell it nowhere, so the stream's own words are read.
 * @param pipe the first bytes of a source that can be read only once, and ffmpeg's name of its demuxer where they do not say it
 */
export async function hasFurtherLayers(
  binary: FfmpegBinary,
  { input }: Probe,
  { codec_name, index }: ProbedStream,
  pipe?: { readonly head: Uint8Array; readonly format: string | undefined },
): Promise<boolean> {
  if (codec_name !== 'hevc') return false;
  const asked = ['-v', 'error', '-select_streams', String(index), '-show_entries', 'stream=extradata', '-show_data', '-of', 'default=nw=1:nk=1'];
  const from = [...input.options, ...(pipe?.format ? ['-f', pipe.format] : []), '-i', input.url];
  const how = { timeout: PATIENCE_MS, maxBuffer: 1 << 24, ...(pipe && { input: pipe.head }) };
  const dump = await runTool(binary.ffprobe, [...asked, ...from], how).catch(() => undefined);
  return dump !== undefined && layersOf(bytesOf(dump.stdout)) > 1;
}

/** The bytes of ffprobe's lines, "00000000: 0142 c00d ffe1  .B....". */
function bytesOf(dump: string): Buffer {
  return Buffer.from([...dump.matchAll(/^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} )+)/gm)].map(([, hex = '']) => hex.replaceAll(' ', '')).join(''), 'hex');
}

/** `vps_max_layers_minus1` + 1 of the video parameter set in a codec's setup, alone or in `hvcC`. */
function layersOf(setup: Buffer): number {
  const at = setup.indexOf(VPS_HEADER, setup[0] === 1 ? HVCC_HEAD : 0);
  const [, , first = 0, second = 0] = at < 0 ? [] : setup.subarray(at, at + 4);
  return (((first & 3) << 4) | (second >> 4)) + 1;
}
