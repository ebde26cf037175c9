// Writes docs/images/city-x3.webp, the moving picture of README: a piece of the bundled clip, bicubic left of a line that
// moves, srvid's output right of it. `node scripts/moving-picture.mjs` after a build; ffmpeg needs libwebp.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ROOT } from './setup/command.mjs';
import { bicubicFilters, labelFilter, runFfmpeg, wholeFilters } from './side-by-side.mjs';

const INPUT = join(ROOT, 'examples', 'clips', 'city-360p25.mp4');
const PICTURE = join(ROOT, 'docs', 'images', 'city-x3.webp');
const SCALE = 3;
const CROP = 'crop=640:420:0:300';
/** Every other frame, forth and back, so that the end joins the beginning. */
const EVERY = 2;
const FRAMES = 2 * Math.ceil(25 / EVERY);

const folder = mkdtempSync(join(tmpdir(), 'srvid-picture-'));
try {
  const output = join(folder, 'large.mkv');
  // The encoder is to add nothing of its own to the comparison.
  run(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), INPUT, output, '--scale', String(SCALE), '--crf', '4', '--precision', 'int8']);
  const { status, stderr } = runFfmpeg(['-i', INPUT, '-i', output, '-filter_complex', graph(), '-frames:v', String(FRAMES), ...webp(), PICTURE]);
  if (status !== 0) throw new Error(`ffmpeg could not write ${PICTURE}:\n${stderr}`);
  console.log(`the picture: ${relative(process.cwd(), PICTURE)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function graph() {
  const piece = `select=not(mod(n\\,${EVERY})),setpts=N/(25/${EVERY})/TB,${CROP}`;
  const forthAndBack = (from, to) => `${from}split[${to}0][${to}1];[${to}1]reverse[${to}2];[${to}0][${to}2]concat[${to}]`;
  const line = `(W*(0.5+0.42*sin(2*PI*N/${FRAMES})))`;
  return [
    `[0:v]${bicubicFilters(SCALE)},format=gbrp,${piece},${labelFilter('bicubic')}[a]`,
    `[1:v]${wholeFilters()},format=gbrp,${piece},${labelFilter('srvid', 'w-tw-16')}[b]`,
    forthAndBack('[a]', 'left'),
    forthAndBack('[b]', 'right'),
    `[left][right]blend=all_expr='if(lt(abs(X-${line}),1.5),255,if(lt(X,${line}),A,B))',format=yuv420p`,
  ].join(';');
}

function webp() {
  return ['-c:v', 'libwebp_anim', '-quality', '78', '-compression_level', '6', '-loop', '0'];
}

function run(program, args) {
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
}
