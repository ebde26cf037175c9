import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { srvid } from '../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const input = join(folder, 'in.mkv');
await ffmpeg('-f', 'lavfi', '-i', 'color=gray:s=32x24:r=25:d=0.2', '-pix_fmt', 'gray', '-c:v', 'ffv1', input);
const plugin = join(folder, 'tuned.mjs');
const filling = (value: number) => `export default { name: 'tuned', apiVersion: 1, planes: 'y', halo: 0,
  process(frame, { allocate }) { const result = allocate(); result.planes[0].data.fill(${value}); return result; } };`;

test('--watch runs again after each change, survives a plugin that is broken meanwhile, and ends by Ctrl-C', async () => {
  const output = join(folder, 'out.mkv');
  const seen: number[] = [];
  const edits = [filling(90), 'export default {', filling(120)];
  await writeFile(plugin, filling(60));
  const { code, stderr } = await srvid([input, output, '--preset', 'bicubic', '--plugin', plugin, '--encoder', 'ffv1', '--watch'], {
    onStart: (child) => {
      let said = '';
      child.stderr?.on('data', async (chunk: Buffer) => {
        said += chunk;
        if (!said.includes('Ctrl-C ends\n')) return;
        said = '';
        seen.push((await rawFrames(output, 'gray'))[0] as number);
        const edit = edits.shift();
        if (edit === undefined) child.kill('SIGINT');
        else await writeFile(plugin, edit);
      });
    },
  });
  expect(seen).toEqual([60, 90, 90, 120]);
  expect(stderr.match(/tuned\.mjs changed/g)).toHaveLength(3);
  expect(stderr.match(/SRVID_PLUGIN_INVALID/g)).toHaveLength(1);
  expect(code).toBe(0);
});

test.each([
  ['standard output', [input, '-', '--plugin', plugin], 'SRVID_OPTION_INVALID'],
  ['nothing that changes', [input, join(folder, 'none.mkv'), '--preset', 'bicubic'], 'SRVID_OPTION_INVALID'],
  ['an output that exists', [input, input.replace('in.mkv', 'there.mkv'), '--plugin', plugin], 'SRVID_OUTPUT_EXISTS'],
])('--watch with %s is refused at once', async (_, args, complaint) => {
  await writeFile(join(folder, 'there.mkv'), 'the user’s');
  await writeFile(plugin, filling(60));
  const { code, stderr } = await srvid([...args, '--watch']);
  expect(stderr).toContain(`[${complaint}]`);
  expect(code).toBe(2);
});
