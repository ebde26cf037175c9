import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTool } from '../pipeline/ffmpeg/tied-process.js';
import type { Size } from '../plugins/contract.js';

/** A clip to measure on. */
export interface BenchClip {
  readonly name: string;
  readonly path: string;
  readonly size: Size;
  readonly frames: number;
  /** Luma plane of the first frame, width x height bytes. For measuring networks alone. */
  readonly luma: Uint8Array;
}

/** Options of `prepareClip`. `folder` gets the clip. */
export interface ClipRequest {
  readonly source: string | undefined;
  readonly size: Size;
  readonly frames: number;
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

const BUNDLED = fileURLToPath(new URL('../../examples/clips/city-360p25.mp4', import.meta.url));

/**
 * Scales the source and repeats it to `frames` frames, so that start-up time does not matter. Without a source or the
 * bundled clip it uses ffmpeg's test picture.
 */
export async function prepareClip(ffmpeg: string, { source, size, frames, folder, signal }: ClipRequest): Promise<BenchClip> {
  const { width, height } = size;
  const clip = source ?? (existsSync(BUNDLED) ? BUNDLED : undefined);
  const path = join(folder, `clip-${width}x${height}.mp4`);
  const input = clip === undefined ? ['-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=25`] : ['-stream_loop', '-1', '-i', clip];
  const filters = `scale=${width}:${height}:flags=area:force_original_aspect_ratio=increase,crop=${width}:${height},format=yuv420p`;
  const encode = ['-an', '-vf', filters, '-frames:v', String(frames), '-c:v', 'libx264', '-crf', '20', '-y', path];
  await runTool(ffmpeg, ['-nostdin', '-v', 'error', ...input, ...encode], { signal });
  const { stdout } = await runTool(ffmpeg, ['-nostdin', '-v', 'error', '-i', path, '-frames:v', '1', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], {
    encoding: 'buffer',
    maxBuffer: 1 << 26,
    signal,
  });
  return { name: clip === undefined ? 'testsrc2' : basename(clip), path, size, frames, luma: new Uint8Array(stdout) };
}
