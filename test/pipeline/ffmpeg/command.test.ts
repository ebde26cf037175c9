import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandArguments, fileUrl } from '../../../dist/pipeline/ffmpeg/command.js';
import { temporaryFolder } from '../../helpers/media.js';
import { FFMPEG } from '../../helpers/programs.js';

const run = promisify(execFile);
const folder = await temporaryFolder();

/** Text that a shell, a splitter or ffmpeg's own grammar might take apart. */
const oddText = fc.oneof(
  fc.constantFrom(
    '-y',
    '-i',
    '-f null',
    'a b',
    ' ',
    "it's",
    '"quoted"',
    '$(rm x)',
    'a;b|c&d',
    '%d',
    'pipe:1',
    'http://x/y',
    'concat:a|b',
    'ünï',
    'two\nlines',
    '\\',
    '[0:v]',
    '0:v',
    '~',
    '*',
  ),
  fc.string({ minLength: 1 }),
);

test('every option and every name reaches ffmpeg as one argument, in its place, whatever it holds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ options: fc.array(oddText, { minLength: 2, maxLength: 6 }), path: oddText }), { minLength: 1, maxLength: 3 }),
      fc.array(oddText, { minLength: 2, maxLength: 8 }),
      oddText,
      (inputs, outputOptions, output) => {
        const args = commandArguments({ inputs: inputs.map(({ options, path }) => ({ options, url: fileUrl(path) })), outputOptions, output: fileUrl(output) });
        const expected = [...inputs.flatMap(({ options, path }) => [...options, '-i', `file:${path}`]), ...outputOptions, `file:${output}`];
        expect(args.slice(args.length - expected.length)).toEqual(expected);
        // What stands before is srvid's own and says nothing about files.
        expect(args.slice(0, args.length - expected.length).join(' ')).toMatch(/^-nostdin -y -hide_banner -v \w+$/);
      },
    ),
    { numRuns: 500 },
  );
});

test('a path is never an option or another protocol', () => {
  fc.assert(
    fc.property(oddText, (path) => {
      expect(fileUrl(path).startsWith('file:')).toBe(true);
      expect(fileUrl(path).slice('file:'.length)).toBe(path);
    }),
  );
});

test.each(['-y', 'a b.txt', 'http:x', "it's", '[0:v]', 'pipe:1', '%d', 'ü', 'file:x', 'a\nb', 'c\\d', '"e"'])(
  'ffmpeg reads and writes the file that is called %j',
  async (name) => {
    const path = join(folder, name);
    const output = `${path}.framemd5`;
    const frame = Buffer.alloc(4 * 4, 3);
    await writeFile(path, frame);
    const args = commandArguments({
      inputs: [{ options: ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', '4x4'], url: fileUrl(path) }],
      outputOptions: ['-c', 'copy', '-f', 'rawvideo'],
      output: 'pipe:1',
    });
    const { stdout } = await run(FFMPEG, args, { encoding: 'buffer' });
    expect(stdout).toEqual(frame);
    for (let times = 0; times < 2; times++) {
      // The second time it is there already, as what a killed run leaves behind would be.
      await run(
        FFMPEG,
        commandArguments({
          inputs: [{ options: ['-f', 'lavfi', '-t', '1'], url: 'testsrc=size=16x16:rate=1' }],
          outputOptions: ['-map', '0:v', '-f', 'framemd5'],
          output: fileUrl(output),
        }),
      );
    }
    expect(await readFile(output, 'utf8')).toMatch(/^0, /m);
  },
);
