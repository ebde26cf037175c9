import { join } from 'node:path';
import { expect, it } from 'vitest';
import { plain, plainJson, plainLine } from '../../dist/cli/terminal.js';
import { srvid } from '../helpers/command.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';

const COMMANDS = '\x1b[2J\x07\r\x9b31m\u202eevil';
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const OBEYED = /[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

it('a text loses what a terminal obeys, and shows that it was there', () => {
  expect(plain(`a\n${COMMANDS}`)).toBe('a\n\\x1b[2J\\x07\\x0d\\x9b31m\\u202eevil');
  expect(plainLine('a\nb')).toBe('a\\nb');
  expect(plain('Zürich 東京 🎞')).toBe('Zürich 東京 🎞');
});

it('JSON loses it, too, and says the same', () => {
  const value = { name: COMMANDS, list: ['\n', '"'] };
  expect(plainJson(value)).not.toMatch(OBEYED);
  expect(JSON.parse(plainJson(value, 2))).toEqual(value);
});

it('names and tags of strangers are printed without commands to the terminal', async () => {
  const folder = await temporaryFolder();
  const input = join(folder, `${COMMANDS.replaceAll('\r', '')}.mkv`);
  await ffmpeg('-f', 'lavfi', '-i', 'color=s=64x48:d=0.1', '-metadata', `X${COMMANDS}=1`, '-f', 'matroska', input);
  const run = await srvid([input, join(folder, 'out.avi'), '--preset', 'bicubic']);
  expect(run.stderr).toMatch(/warning: The tag X\\x1b\[2J/i);
  const [missing, option] = [await srvid([`${input}.mp4`, join(folder, 'out.mp4')]), await srvid([input, 'out.mp4', `--${COMMANDS}`])];
  for (const { stderr } of [run, missing, option]) expect(stderr).not.toMatch(OBEYED);
  for (const { stderr } of [missing, option]) expect(stderr).toContain('\\x1b[2J');
});
