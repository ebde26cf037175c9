import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectBetween } from '../helpers/between.js';
import { type CommandOptions, endOf, srvid } from '../helpers/command.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const FAULTY = fileURLToPath(new URL('../fixtures/processes/faulty-ffmpeg.sh', import.meta.url));
const HOARD = fileURLToPath(new URL('../fixtures/plugins/hoard.js', import.meta.url));
let folder = '';
let untouched: string[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  const at = (name: string) => join(folder, name);
  const picture = (size: string, ...rest: string[]) => ffmpeg('-f', 'lavfi', '-i', `testsrc=s=${size}:r=25:d=2`, '-pix_fmt', 'yuv420p', ...rest);
  await picture('96x64', at('good.mp4'));
  await writeFile(at('empty.mp4'), '');
  await writeFile(at('text.mp4'), 'This is not a video.\n'.repeat(100));
  await writeFile(at('noise.mkv'), Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7919) & 255)));
  await copyFile(at('good.mp4'), at('no-moov.mp4'));
  await truncate(at('no-moov.mp4'), 2000);
  await ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.3', at('sound.m4a'));
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=1', '-frames:v', '0', '-pix_fmt', 'yuv420p', at('no-frames.mkv')).catch(() => {});
  await picture('16000x16', '-frames:v', '1', '-c:v', 'ffv1', at('wide.mkv'));
  await picture('16400x16', '-frames:v', '1', '-c:v', 'ffv1', at('too-wide.mkv'));
  await symlink(at('good.mp4'), at('link.mp4'));
  for (const name of ['folder.mp4', 'empty-folder']) await mkdir(at(name));
  await writeFile(at('folder.mp4/one.mp4'), '');
  await mkdir(at('closed'));
  await chmod(at('closed'), 0o555);
  await picture('320x180', '-movflags', '+faststart', '-g', '50', at('whole.mp4'));
  const whole = await readFile(at('whole.mp4'));
  await writeFile(at('cut.mp4'), whole.subarray(0, Math.round(whole.length * 0.6)));
  await picture('16x16', '-frames:v', '1', '-vf', 'scale=1:1', '-c:v', 'ffv1', '-pix_fmt', 'gray', at('one-pixel.mkv'));
  await writeFile(at('unknown-codec.mkv'), Buffer.from((await readFile(at('one-pixel.mkv'))).toString('latin1').replaceAll('FFV1', 'XXXX'), 'latin1'));
  await makeModelFolders();
  await mkdir(at('models-pipe'));
  execFileSync('mkfifo', [at('pipe.json'), join(at('models-pipe'), 'manifest.json')]);
  await writeFile(at('broken.json'), '{ "version": 1, ');
  await writeFile(at('list.json'), '[]');
  await writeFile(at('unknown-field.json'), JSON.stringify({ version: 1, description: '', plugins: [{ use: 'bicubic' }], exec: 'rm -rf /' }));
  await writeFile(at('no-plugins.json'), JSON.stringify({ version: 1, description: '', plugins: [] }));
  await writeFile(
    at('hostile.json'),
    JSON.stringify({ version: 1, description: '', plugins: [{ use: 'bicubic' }], encoder: { name: 'libx264', options: { '-f': 'tee' } } }),
  );
  await writeFile(
    at('sneaky.json'),
    JSON.stringify({ version: 1, description: '', plugins: [{ use: 'bicubic' }], encoder: { name: 'libx264 -f tee', options: {} } }),
  );
  await writeFile(at('polluting.json'), '{ "__proto__": { "version": 1 }, "version": 2, "description": "", "plugins": [{ "use": "bicubic" }] }');
  await writeFile(at('not-a-plugin.js'), 'export default 1;\n');
  await writeFile(at('throws.js'), 'throw new Error("at import");\n');
  await writeFile(at('future.js'), 'export default { name: "future", apiVersion: 99, planes: "y", halo: 0, process: (frame) => frame };\n');
  untouched = (await readdir(folder)).sort();
});

/** Folders of models, each wrong in one way. */
async function makeModelFolders(): Promise<void> {
  const shipped = fileURLToPath(new URL('../../models/', import.meta.url));
  const { version, models } = JSON.parse(await readFile(join(shipped, 'manifest.json'), 'utf8')) as {
    version: number;
    models: { id: string; sha256: string }[];
  };
  const entry = models.find((model) => model.id === 'abpn-x2-int8') as (typeof models)[number];
  const [good, other] = await Promise.all(['abpn-x2-int8.onnx', 'abpn-x3-int8.onnx'].map((name) => readFile(join(shipped, name))));
  const write = async (name: string, bytes: Uint8Array | undefined, listed: object) => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'manifest.json'), JSON.stringify({ version, models: [listed] }));
    if (bytes) await writeFile(join(folder, name, 'abpn-x2-int8.onnx'), bytes);
  };
  const hashed = (bytes: Uint8Array) => ({ ...entry, sha256: createHash('sha256').update(bytes).digest('hex') });
  const damaged = Buffer.from(good as Buffer);
  damaged[1000] = (damaged[1000] as number) ^ 255;
  const text = Buffer.from('not a network');
  await write('models-missing', undefined, entry);
  await write('models-damaged', damaged, entry);
  await write('models-text', text, hashed(text));
  await write('models-of-x3', other as Buffer, hashed(other as Buffer));
  await write('models-unlisted', good, { ...entry, file: '../../etc/passwd' });
  await mkdir(join(folder, 'models-empty'));
}

const bicubic = ['--preset', 'bicubic'];
const withFault = (FAULT: string): CommandOptions => ({ env: { FFMPEG_PATH: FAULTY, FAULT, REAL_FFMPEG: FFMPEG } });

/** Columns: the attempt, the arguments, the exit code, the error code, a part of the message, and what is special about the run. */
const CASES: readonly (readonly [string, readonly string[], number, string, RegExp, CommandOptions?])[] = [
  ['a missing file', ['absent.mp4', 'o.mp4'], 2, 'SRVID_INPUT_NOT_FOUND', /absent\.mp4 does not exist/],
  ['a folder, with a file as output', ['folder.mp4', 'o.mp4'], 1, 'SRVID_OUTPUT_UNWRITABLE', /the output must be a folder/],
  ['a folder without a video', ['empty-folder', 'out'], 2, 'SRVID_INPUT_NOT_FOUND', /no video in the folder/],
  ['an empty file', ['empty.mp4', 'o.mp4'], 1, 'SRVID_INPUT_UNREADABLE', /empty\.mp4/],
  ['text that is named a video', ['text.mp4', 'o.mp4'], 1, 'SRVID_INPUT_UNREADABLE', /Invalid data/],
  ['noise', ['noise.mkv', 'o.mp4'], 1, 'SRVID_INPUT_UNREADABLE', /noise\.mkv/],
  ['an MP4 without its index', ['no-moov.mp4', 'o.mp4'], 1, 'SRVID_INPUT_UNREADABLE', /moov/],
  ['sound alone', ['sound.m4a', 'o.mp4'], 1, 'SRVID_INPUT_NO_VIDEO', /holds audio/],
  ['no frames', ['no-frames.mkv', 'o.mp4'], 1, 'SRVID_INPUT_', /no-frames/],
  ['frames that are too wide', ['too-wide.mkv', 'o.mp4'], 1, 'SRVID_INPUT_UNSUPPORTED', /16400x16/],
  ['a file that was cut off in the middle', ['cut.mp4', 'o.mp4', ...bicubic], 1, 'SRVID_INPUT_DAMAGED', /promises 50 frames.*--salvage/],
  ['a codec that nobody knows', ['unknown-codec.mkv', 'o.mp4', ...bicubic], 1, 'SRVID_INPUT_UNSUPPORTED', /cannot decode/],
  ['a result that is too wide', ['wide.mkv', 'o.mp4'], 1, 'SRVID_INPUT_UNSUPPORTED', /A result of 32000x32/],
  ['a start beyond the end', ['good.mp4', 'o.mp4', '--start', '1:00'], 1, 'SRVID_INPUT_EMPTY', /from 60 s on/],
  ['an address at which nobody answers', ['http://127.0.0.1:9/x.mp4', 'o.mp4'], 1, 'SRVID_INPUT_UNREADABLE', /Connection refused/],
  ['an address that is not of the web', ['ftp://127.0.0.1:9/x.mp4', 'o.mp4'], 2, 'SRVID_INPUT_NOT_FOUND', /does not exist/],
  ["ffmpeg's concat protocol", ['concat:good.mp4|good.mp4', 'o.mp4'], 2, 'SRVID_INPUT_NOT_FOUND', /does not exist/],
  ["ffmpeg's lavfi device", ['lavfi:testsrc', 'o.mp4'], 2, 'SRVID_INPUT_NOT_FOUND', /does not exist/],
  ['the input as output', ['good.mp4', 'good.mp4', '-y'], 2, 'SRVID_OUTPUT_IS_INPUT', /same file/],
  ['the input as output by a link', ['link.mp4', 'good.mp4', '-y'], 2, 'SRVID_OUTPUT_IS_INPUT', /same file/],
  ['the output as a link to the input', ['good.mp4', 'link.mp4', '-y'], 2, 'SRVID_OUTPUT_IS_INPUT', /same file/],
  ['an existing output', ['good.mp4', 'text.mp4'], 2, 'SRVID_OUTPUT_EXISTS', /-y/],
  ['a folder as output', ['good.mp4', 'folder.mp4', '-y'], 1, 'SRVID_OUTPUT_UNWRITABLE', /is a folder/],
  ['a device as output', ['good.mp4', '/dev/null', '-y', '--format', 'matroska'], 1, 'SRVID_OUTPUT_UNWRITABLE', /not a regular file/],
  ['a start within standard input', ['-', 'o.mp4', '--start', '1'], 2, 'SRVID_OPTION_INVALID', /cannot/],
  ['a folder that does not exist', ['good.mp4', 'no/o.mp4'], 1, 'SRVID_OUTPUT_UNWRITABLE', /no/],
  ['a name without a kind', ['good.mp4', 'o'], 2, 'SRVID_OUTPUT_FORMAT', /--format/],
  ['a kind that is none', ['good.mp4', 'o.mp4', '--format', 'tee'], 2, 'SRVID_OUTPUT_FORMAT', /"tee"/],
  ['an unknown preset', ['good.mp4', 'o.mp4', '--preset', 'nosuch'], 2, 'SRVID_PRESET_UNKNOWN', /There is no preset "nosuch"\. Presets are: abpn/],
  ['a mistyped preset', ['good.mp4', 'o.mp4', '--preset', 'fats'], 2, 'SRVID_PRESET_UNKNOWN', /Did you mean "fast"\?/],
  ['a preset file that is not there', ['good.mp4', 'o.mp4', '--preset', './none.json'], 2, 'SRVID_PRESET_UNKNOWN', /none\.json: no such file/],
  ['a mistyped plugin', ['good.mp4', 'o.mp4', '--plugin', 'bicubc'], 2, 'SRVID_PLUGIN_UNKNOWN', /Did you mean "bicubic"\?/],
  ['a plugin file that is not there', ['good.mp4', 'o.mp4', '--plugin', './none.js'], 2, 'SRVID_PLUGIN_UNKNOWN', /none\.js: no such file\. Give the path/],
  ['a mistyped encoder', ['good.mp4', 'o.mp4', ...bicubic, '--encoder', 'libx246'], 2, 'SRVID_ENCODER_UNAVAILABLE', /Did you mean "libx264"\?/],
  ['a mistyped kind of file', ['good.mp4', 'o.mp4', ...bicubic, '--format', 'matroksa'], 2, 'SRVID_OUTPUT_FORMAT', /Did you mean "matroska"\?/],
  ['a preset that climbs out of its folder', ['good.mp4', 'o.mp4', '--preset', '../package'], 2, 'SRVID_PRESET_UNKNOWN', /package/],
  ['a preset that is a pipe', ['good.mp4', 'o.mp4', '--preset', './pipe.json'], 2, 'SRVID_PRESET_INVALID', /not a regular file/],
  ['a manifest that is a pipe', ['good.mp4', 'o.mp4', '--models', 'models-pipe'], 1, 'SRVID_MODEL_INVALID', /not a regular file/],
  ['a preset that is not JSON', ['good.mp4', 'o.mp4', '--preset', './broken.json'], 2, 'SRVID_PRESET_INVALID', /broken\.json/],
  ['a preset that is a list', ['good.mp4', 'o.mp4', '--preset', './list.json'], 2, 'SRVID_PRESET_INVALID', /object/],
  ['a preset with a field of its own', ['good.mp4', 'o.mp4', '--preset', './unknown-field.json'], 2, 'SRVID_PRESET_INVALID', /exec/],
  ['a preset without plugins', ['good.mp4', 'o.mp4', '--preset', './no-plugins.json'], 2, 'SRVID_PRESET_INVALID', /plugins/],
  ['a preset that smuggles an ffmpeg option', ['good.mp4', 'o.mp4', '--preset', './hostile.json'], 2, 'SRVID_PRESET_INVALID', /encoder/],
  ['a preset that smuggles one in a name', ['good.mp4', 'o.mp4', '--preset', './sneaky.json'], 2, 'SRVID_PRESET_INVALID', /encoder/],
  ['a preset that would change prototypes', ['good.mp4', 'o.mp4', '--preset', './polluting.json'], 2, 'SRVID_PRESET_INVALID', /__proto__/],
  ['an unknown plugin', ['good.mp4', 'o.mp4', '--plugin', 'nosuch'], 2, 'SRVID_PLUGIN_UNKNOWN', /abpn, abpn-rgb, best, bicubic/],
  ['a module that is no plugin', ['good.mp4', 'o.mp4', '--plugin', './not-a-plugin.js'], 2, 'SRVID_PLUGIN_INVALID', /default export/],
  ['a plugin that fails to load', ['good.mp4', 'o.mp4', '--plugin', './throws.js'], 2, 'SRVID_PLUGIN_INVALID', /at import/],
  ['a plugin of another API', ['good.mp4', 'o.mp4', '--plugin', './future.js'], 2, 'SRVID_PLUGIN_INVALID', /API 99/],
  ['an option that a plugin has not', ['good.mp4', 'o.mp4', '--plugin', 'bicubic?sharp=1'], 2, 'SRVID_OPTION_INVALID', /sharp/],
  ['a scale of 0', ['good.mp4', 'o.mp4', ...bicubic, '--scale', '0'], 2, 'SRVID_OPTION_INVALID', /scale/],
  ['a scale of 17', ['good.mp4', 'o.mp4', ...bicubic, '--scale', '17'], 2, 'SRVID_OPTION_INVALID', /scale/],
  ['a height of 1', ['good.mp4', 'o.mp4', ...bicubic, '--height', '1'], 2, 'SRVID_OPTION_INVALID', /height/],
  ['a size beyond all bounds', ['good.mp4', 'o.mp4', ...bicubic, '--size', '99999x99999'], 2, 'SRVID_OPTION_INVALID', /size/],
  ['a quality of 99', ['good.mp4', 'o.mp4', ...bicubic, '--crf', '99'], 2, 'SRVID_OPTION_INVALID', /crf/],
  ['a duration of 0', ['good.mp4', 'o.mp4', ...bicubic, '--duration', '0'], 2, 'SRVID_OPTION_INVALID', /duration/],
  ['half a worker', ['good.mp4', 'o.mp4', ...bicubic, '--workers', '0.5'], 2, 'SRVID_OPTION_INVALID', /workers/],
  ['a mistyped command', ['relai', 'good.mp4'], 2, 'SRVID_INPUT_NOT_FOUND', /There is no command "relai"\. Did you mean "relay"\?/],
  ['help on a mistyped command', ['help', 'evel'], 2, 'SRVID_OPTION_INVALID', /There is no command "evel"\. Did you mean "eval"\?/],
  [
    'a mistyped word of an option',
    ['good.mp4', 'o.mp4', '--precision', 'in8'],
    2,
    'SRVID_OPTION_INVALID',
    /: --precision: "in8" is not auto, int8 or fp32\. Did you mean "int8"\?/,
  ],
  ['a mistyped kind of track', ['good.mp4', 'o.mp4', '--tracks', '-audo'], 2, 'SRVID_OPTION_INVALID', /--tracks: a track is all.* Did you mean "audio"\?/],
  ['a pixel format that is no name', ['good.mp4', 'o.mp4', '--pix-fmt', 'YUV-420'], 2, 'SRVID_OPTION_INVALID', /: --pix-fmt: a pixel format is a name/],
  [
    'real time left out',
    ['good.mp4', 'o.mp4', '--budget-ms', '50'],
    2,
    'SRVID_OPTION_INVALID',
    /: --realtime: --budget-ms, --policy and --levels are for real time/,
  ],
  ['a precision that is none', ['good.mp4', 'o.mp4', ...bicubic, '--precision', 'int4'], 2, 'SRVID_OPTION_INVALID', /precision/],
  ['a pixel format that would end the option', ['good.mp4', 'o.mp4', ...bicubic, '--pix-fmt', 'x -f tee'], 2, 'SRVID_OPTION_INVALID', /--pix-fmt/],
  ['a way to deinterlace that is none', ['good.mp4', 'o.mp4', ...bicubic, '--deinterlace', 'maybe'], 2, 'SRVID_OPTION_INVALID', /deinterlace/],
  ['an unknown encoder', ['good.mp4', 'o.mp4', ...bicubic, '--encoder', 'libnone'], 2, 'SRVID_ENCODER_UNAVAILABLE', /libnone is not in ffmpeg/],
  ['a hardware encoder without its hardware', ['good.mp4', 'o.mp4', ...bicubic, '--encoder', 'h264_nvenc'], 2, 'SRVID_ENCODER_UNAVAILABLE', /h264_nvenc/],
  ['an encoder option with a bad value', ['good.mp4', 'o.mp4', ...bicubic, '--encoder-option', 'preset=nosuch'], 2, 'SRVID_ENCODER_UNAVAILABLE', /preset/],
  [
    'a folder without models',
    ['good.mp4', 'o.mp4', '--models', 'models-empty'],
    1,
    'SRVID_MODEL_INVALID',
    /manifest\.json: no such file or folder\. --models takes a folder/,
  ],
  ['a model that is missing', ['good.mp4', 'o.mp4', '--models', 'models-missing'], 1, 'SRVID_MODEL_INVALID', /cannot be read/],
  ['a model that is damaged', ['good.mp4', 'o.mp4', '--models', 'models-damaged'], 1, 'SRVID_MODEL_INVALID', /sha256 is/],
  ['a model that is not ONNX', ['good.mp4', 'o.mp4', '--models', 'models-text'], 1, 'SRVID_MODEL_INVALID', /ONNX model/],
  [
    'a model of another scale',
    ['good.mp4', 'o.mp4', '--models', 'models-of-x3'],
    1,
    'SRVID_MODEL_INVALID',
    /should give uint8 \[1,1,32,32\].*but gives uint8 \[1,1,48,48\]/,
  ],
  ['a model that lies outside its folder', ['good.mp4', 'o.mp4', '--models', 'models-unlisted'], 1, 'SRVID_MODEL_INVALID', /file/],
  [
    'a model that does not exist',
    ['good.mp4', 'o.mp4', '--models', 'models-damaged', '--scale', '4'],
    2,
    'SRVID_MODEL_UNKNOWN',
    /of abpn on luma only x2 is installed: abpn-x2-int8\./,
  ],
  ['a plugin that fills its memory', ['good.mp4', 'o.mp4', ...bicubic, '--plugin', HOARD], 1, 'SRVID_WORKER_FAILED', /memory/],
  ['no ffmpeg', ['good.mp4', 'o.mp4'], 1, 'SRVID_FFMPEG_MISSING', /apt install ffmpeg/, { env: { FFMPEG_PATH: '/nowhere/ffmpeg' } }],
  ['no ffprobe', ['good.mp4', 'o.mp4'], 1, 'SRVID_FFMPEG_MISSING', /FFPROBE_PATH/, { env: { FFPROBE_PATH: '/nowhere/ffprobe' } }],
  ['an ffmpeg that is too old', ['good.mp4', 'o.mp4'], 1, 'SRVID_FFMPEG_TOO_OLD', /4\.2\.7/, withFault('old')],
  ['a decoder that crashes', ['good.mp4', 'o.mp4', ...bicubic], 1, 'SRVID_DECODE_FAILED', /SIGSEGV.*GCONV_PATH=/, withFault('decoder-crashes')],
  ['a decoder that is killed', ['good.mp4', 'o.mp4', ...bicubic, '--size', '1600x1200'], 1, 'SRVID_', /SIGKILL|ends in the middle/, withFault('decoder-dies')],
  ['a decoder that fails', ['good.mp4', 'o.mp4', ...bicubic], 1, 'SRVID_DECODE_FAILED', /exit code 69.*nobody expected/, withFault('decoder-fails')],
  [
    'a decoder that fails during the trial of the encoder',
    ['good.mp4', 'o.mp4', ...bicubic],
    1,
    'SRVID_DECODE_FAILED',
    /exit code 69/,
    withFault('trial-goes-on'),
  ],
  ['a decoder that writes garbage', ['good.mp4', 'o.mp4', ...bicubic], 1, 'SRVID_STREAM_CORRUPT', /does not begin as NUT/, withFault('decoder-writes-garbage')],
  ['a decoder that stops in mid-frame', ['good.mp4', 'o.mp4', ...bicubic], 1, 'SRVID_STREAM_CORRUPT', /ends in the middle/, withFault('decoder-stops-short')],
  ['an encoder that is killed', ['good.mp4', 'o.mp4', ...bicubic, '--size', '1600x1200'], 1, 'SRVID_ENCODE_FAILED', /SIGKILL/, withFault('encoder-dies')],
  ['an encoder that fails', ['good.mp4', 'o.mp4', ...bicubic], 1, 'SRVID_ENCODE_FAILED', /exit code 69.*nobody expected/, withFault('encoder-fails')],
];

describe('refused with one clear error, its exit code, and nothing left behind:', () => {
  it.each(CASES)('%s', async (_, args, exit, code, message, special) => {
    const result = await srvid(args, { ...special, cwd: folder });
    expect(result.stderr).toContain(`[${code}`);
    expect(result.stderr).toMatch(message);
    expect(result.stderr.match(/^srvid: /gm)).toHaveLength(1);
    expect(result.code).toBe(exit);
    expect((await readdir(folder)).sort()).toEqual(untouched);
  });
});

it.each(['mp4', 'mov'])('an %s from standard input whose index is at its end is refused with what to do', async (kind) => {
  const place = await mkdtemp(join(folder, '..', 'srvid-late-index-'));
  const late = join(place, `late.${kind}`);
  // Noise, so that the pictures are more than ffmpeg holds in its buffers.
  await ffmpeg('-f', 'lavfi', '-i', 'nullsrc=s=320x240:r=25:d=1,geq=random(1)*255:128:128', '-pix_fmt', 'yuv420p', '-qp', '10', late);
  const result = await srvid(['-', join(place, 'o.mkv'), ...bicubic], { stdin: await readFile(late) });
  expect(result.stderr).toMatch(/index \(moov\) comes after its pictures.*path of the file.*-movflags \+faststart.*\[SRVID_INPUT_UNREADABLE\]/);
  expect(result.code).toBe(1);
  expect(await readdir(place)).toEqual([`late.${kind}`]);
  await rm(place, { recursive: true });
});

it('--salvage keeps what can be decoded of a damaged file, and says what could not', async () => {
  const place = join(folder, '..', `srvid-salvage-${process.pid}`);
  await mkdir(place, { recursive: true });
  const result = await srvid([join(folder, 'cut.mp4'), join(place, 'kept.mkv'), ...bicubic, '--salvage', '--json', '-y']);
  const { framesIn, framesOut } = endOf(result) as { framesIn: number; framesOut: number };
  expect(framesOut).toBe(framesIn);
  expectBetween(framesIn, 5, 50);
  expect(result.events.filter((event) => event['type'] === 'warning').join()).not.toBe('');
  await rm(place, { recursive: true });
});
