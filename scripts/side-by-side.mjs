import { spawnSync } from 'node:child_process';

/**
 * Writes a PNG of one piece of one frame: left the input enlarged by ffmpeg's bicubic scaler, right srvid's output, both at 1:1.
 * `crop` is in output pixels, `frame` counts from 0. Returns whether the halves are labelled: some ffmpegs cannot write text or find no font.
 */
export function writeSideBySide({ input, output, picture, scale, frame, crop }) {
  const draw = (label) =>
    runFfmpeg(['-i', input, '-i', output, '-filter_complex', graph({ scale, frame, crop, label }), '-frames:v', '1', '-update', '1', picture]);
  if (draw((text) => labelFilter(text)).status === 0) return { labelled: true };
  const { status, stderr } = draw(() => 'null');
  if (status !== 0) throw new Error(`ffmpeg could not write ${picture}:\n${stderr}`);
  return { labelled: false };
}

function graph({ scale, frame, crop, label }) {
  const { width, height, x, y } = crop;
  const piece = `crop=${width}:${height}:${x}:${y}`;
  const pick = `select=eq(n\\,${frame})`;
  return [
    `[0:v]${pick},${bicubicFilters(scale)},format=rgb24,${piece},${label('bicubic')}[left]`,
    `[1:v]${pick},${wholeFilters()},format=rgb24,${piece},${label('srvid')}[right]`,
    // The two frames need not have the same pts, since containers differ in their time bases.
    '[left]setpts=0[l];[right]setpts=0[r];[l][r]hstack',
  ].join(';');
}

/** accurate_rnd and full_chroma_*: both halves are to differ by the enlargement only, not by swscale's short cuts on the way to RGB. */
const FLAGS = 'flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int';

/** Filters that enlarge the input by ffmpeg's bicubic scaler. */
export function bicubicFilters(scale) {
  return `scale=iw*${scale}:ih*${scale}:${FLAGS},${wholeFilters()}`;
}

/** Filters that make RGB of a frame that has its size. */
export function wholeFilters() {
  return `scale=${FLAGS}`;
}

/** A filter that writes a word into an upper corner. */
export function labelFilter(text, x = '16') {
  return `drawtext=text=${text}:x=${x}:y=16:fontsize=32:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=8`;
}

/** Runs ffmpeg to its end. */
export function runFfmpeg(args) {
  return spawnSync(process.env.FFMPEG_PATH || 'ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { encoding: 'utf8' });
}
