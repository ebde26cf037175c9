// `npm start`: upscales the clip of the examples with the command as built, and puts a piece of it beside bicubic.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './setup/command.mjs';
import { writeSideBySide } from './side-by-side.mjs';

const INPUT = join(ROOT, 'examples', 'clips', 'city-360p25.mp4');
const SCALE = 3;

const folder = join(ROOT, 'out');
const output = join(folder, 'city-1080p25.mp4');
const picture = join(folder, 'side-by-side.png');
const shown = (path) => relative(process.cwd(), path);

mkdirSync(folder, { recursive: true });
const args = [shown(INPUT), shown(output), '--preset', 'abpn', '--scale', String(SCALE), '-y'];
console.log(`\n> srvid ${args.join(' ')}`);
const { status } = spawnSync(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...args], { stdio: 'inherit' });

if (status === 0) {
  const { labelled } = writeSideBySide({ input: INPUT, output, picture, scale: SCALE, frame: 12, crop: { width: 640, height: 720, x: 0, y: 180 } });
  console.log(`\nthe video:      ${shown(output)}`);
  console.log(`beside bicubic: ${shown(picture)}${labelled ? '' : ' (left bicubic, right srvid)'}`);
} else {
  process.exitCode = status ?? 1;
}
