// `npm run accept:segments -- FILE|DIR ... [--segment 1] [--duration S] [--height 180]`: processes each file in one piece and in segments, with an encoder that
// codes each frame by itself, and compares frames, times, other streams and what the container says of them.
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { differences, seen, session } from './both-ways.mjs';
import { optionsOf } from './options.mjs';

const { files, segment, duration, preset, height } = optionsOf({ files: [], segment: 1, duration: undefined, preset: 'bicubic', height: 180 });
if (files.length === 0) throw new Error('Which files? Name them, or folders of them: npm run accept:segments -- DIR');
const root = await mkdtemp(join(tmpdir(), 'srvid-segments-'));
const options = {
  ...{ preset, height, encoder: 'ffv1' },
  ...(duration && { duration: Number(duration) }),
};

try {
  for (const file of files.flatMap(filesIn)) {
    const [whole, cut] = [join(root, 'whole.mkv'), join(root, 'cut.mkv')];
    const one = await completed(file, whole, { ...options, resume: false });
    const { events, said } = await completed(file, cut, { ...options, segment });
    const others = differences(await seen(whole), await seen(cut));
    const { framesOut } = events.find(({ type }) => type === 'end');
    const count = events.find(({ type }) => type === 'segments')?.count ?? 1;
    const messages = ({ events }) => events.filter(({ type }) => type === 'warning').map(({ message }) => message);
    const more = messages({ events }).filter((message) => !messages(one).includes(message));
    console.log(
      `${basename(file)}: ${framesOut} frames, ${count === 1 ? 'one piece' : `${count} segments`}: ${others.length === 0 ? 'equal' : `DIFFERENT in ${others.join(', ')}`}`,
    );
    for (const line of [...more, ...(said === one.said ? [] : said.split('\n').filter((line) => !line.startsWith('cpu')))]) if (line) console.log(`  ${line}`);
    if (others.length > 0) process.exitCode = 1;
  }
} finally {
  await rm(root, { recursive: true, force: true });
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name));
}

async function completed(input, output, how) {
  const result = await session(input, output, how);
  if (result.code !== 0) throw new Error(`${input}: ${result.said}`);
  return result;
}
