import { spawnSync } from 'node:child_process';

/**
 * Writes a PNG of one piece of one frame: left the input enlarged by ffmpeg's bicubic scaler, right srvid's output, both at 1:1.
 * `crop` is in output pixels, `frame` counts from 0. Returns whether the halves are labelled: some ffmpegs cannot write text or find no font.
 */
export function writeSideBySide({ input, output, picture, scale, frame, crop }) {
  const draw = (label) =>
    runFfmpeg(['-i', input, '-i', output, '-filter_complex', graph({ scale, frame, crop, label }), '-frames:v', '1', '-update', '1', picture]);
  if (draw(labelFilter).status === 0) return { labelled: true };
  const { status, stderr } = draw(() => 'null');
  if (status !== 0) throw new Error(`ffmpeg could not write ${picture}:\n${stderr}`);
  return { labelled: false };
}

function graph({ scale, frame, crop, label }) {
  const { width, height, x, y } = crop;
  // accurate_rnd and full_chroma_*: both halves are to differ by the enlargement only, not by swscale's short cuts on the way to RGB.
  const flags = 'flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int';
  const piece = `crop=${width}:${height}:${x}:${y}`;
  const pick = `select=eq(n\\,${frame})`;
  return [
    `[0:v]${pick},scale=iw*${scale}:ih*${scale}:${flags},scale=${flags},format=rgb24,${piece},${label('bicubic')}[left]`,
    `[1:v]${pick},scale=${flags},format=rgb24,${piece},${label('srvid')}[right]`,
    // The two frames need not have the same pts, since containers differ in their time bases.
    '[left]setpts=0[l];[right]setpts=0[r];[l][r]hstack',
  ].join(';');
}

function labelFilter(text) {
  return `drawtext=text=${text}:x=16:y=16:fontsize=32:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=8`;
}

function runFfmpeg(args) {
  return spawnSync(process.env.FFMPEG_PATH || 'ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { encoding: 'utf8' });
}
