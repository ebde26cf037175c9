import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { withCaptions } from '../helpers/captions.js';
import { endOf, srvid, warningsOf } from '../helpers/command.js';
import { ffmpeg, ffprobe, temporaryFolder, videoTimes } from '../helpers/media.js';
import { box, inSampleEntry, words } from '../helpers/mp4-boxes.js';
import { FFMPEG } from '../helpers/programs.js';

let folder = '';
const at = (name: string) => join(folder, name);
const FRAMES = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.64'];
const H264 = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-threads', '1', '-bf', '0'];

beforeAll(async () => {
  folder = await temporaryFolder();
  await ffmpeg(...FRAMES, ...H264, '-x264-params', 'slices=1:sliced-threads=0', at('plain.264'));
  await ffmpeg(...FRAMES, ...H264, at('plain.mp4'));
  await writeFile(at('captions.264'), withCaptions(await readFile(at('plain.264'))));
  await ffmpeg('-r', '25', '-i', at('captions.264'), '-c', 'copy', at('captions.mp4'));
});

async function run(input: string, output: string, ...options: string[]) {
  return srvid([at(input), at(output), '--preset', 'bicubic', '--json', '-y', ...options]);
}

/** The text of the captions in a file, and the number of frames that have any. */
async function captionsOf(name: string): Promise<{ text: string; frames: number }> {
  const { frames } = await ffprobe<{ frames: { side_data_list?: { side_data_type: string }[] }[] }>(
    at(name),
    ...['-show_frames', '-select_streams', 'v', '-show_entries', 'frame_side_data=side_data_type'],
  );
  const decoded = await promisify(execFile)(FFMPEG, ['-v', 'error', '-f', 'lavfi', '-i', `movie=${at(name)}[out0+subcc]`, '-map', '0:1', '-f', 'srt', '-']);
  return {
    text: decoded.stdout.replaceAll(/[^A-Z! ]/g, '').trim(),
    frames: frames.filter(({ side_data_list = [] }) => side_data_list.some((data) => /A53/.test(data.side_data_type))).length,
  };
}

describe('closed captions', () => {
  it('are carried by encoders that write them, each with its frame', async () => {
    const result = await run('captions.mp4', 'captions.mkv', '--strict');
    endOf(result);
    expect(warningsOf(result)).toEqual([]);
    const source = await captionsOf('captions.mp4');
    expect(source).toMatchObject({ text: expect.stringContaining('HELLO WORLD!'), frames: 16 });
    expect(await captionsOf('captions.mkv')).toEqual(source);
  });

  it('of interlaced MPEG-2 in a transport stream, and of a raw stream, are cut like the pictures', async () => {
    await ffmpeg('-i', at('captions.mp4'), '-vf', 'setfield=tff', '-c:v', 'mpeg2video', '-q:v', '3', '-bf', '2', '-flags', '+ildct+ilme', at('interlaced.ts'));
    for (const [input, output] of [
      ['interlaced.ts', 'interlaced.mp4'],
      ['captions.264', 'raw.mp4'],
    ] as const) {
      endOf(await run(input, output, '--start', '0.2', '--duration', '0.24'));
      expect((await captionsOf(output)).frames).toBe(6);
      expect(await videoTimes(at(output))).toHaveLength(6);
    }
    const { streams } = await ffprobe<{ streams: { field_order?: string }[] }>(at('interlaced.mp4'), '-show_streams');
    expect(streams[0]?.field_order).toBe('progressive');
  });

  it('that begin after the first frames are named at the end, and --strict then publishes nothing', async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=2', ...H264, '-x264-params', 'slices=1:sliced-threads=0', at('before.264'));
    await writeFile(at('late.264'), Buffer.concat([await readFile(at('before.264')), await readFile(at('captions.264'))]));
    await ffmpeg('-r', '25', '-i', at('late.264'), '-c', 'copy', at('late.mp4'));
    expect(warningsOf(await run('plain.mp4', 'none.mkv'))).toEqual([]);
    const result = await run('late.mp4', 'late.mkv');
    expect(endOf(result)).toMatchObject({ framesOut: 66 });
    expect(warningsOf(result)).toEqual([expect.stringMatching(/captions begin after the first frames .*lost/)]);
    const refused = await run('late.mp4', 'late-refused.mkv', '--strict');
    expect(refused.events.at(-1)).toMatchObject({ code: 'SRVID_INPUT_UNSUPPORTED', message: expect.stringMatching(/captions begin after/) });
    expect((await readdir(folder)).filter((name) => name.includes('late-refused'))).toEqual([]);
  });

  it('are named where they are lost, and --strict refuses', async () => {
    const refused = await run('captions.mp4', 'refused.webm', '--strict');
    expect(refused.code).toBe(2);
    expect(refused.events.at(-1)).toMatchObject({
      code: 'SRVID_OUTPUT_FORMAT',
      message: expect.stringMatching(/closed captions, which are lost: .*libvpx-vp9/),
    });
    const piped = await srvid(['-', at('piped.ts'), '--preset', 'bicubic', '--json'], { stdin: await readFile(at('interlaced.ts')) });
    expect(warningsOf(piped)).toContainEqual(expect.stringMatching(/closed captions, which are lost: from standard input/));
  });
});

describe('transparency of a second picture', () => {
  const coded = (encoder: string) =>
    ffmpeg('-f', 'lavfi', '-i', 'color=red@0.5:s=64x48:d=0.2,format=yuva420p', '-c:v', encoder, '-auto-alt-ref', '0', at(`${encoder}.webm`));

  it('is named as lost, and not said of the output', async () => {
    await coded('libvpx-vp9');
    const result = await run('libvpx-vp9.webm', 'opaque.mkv');
    endOf(result);
    expect(warningsOf(result)).toEqual([expect.stringMatching(/transparency .*lost/)]);
    const { streams } = await ffprobe<{ streams: { tags: Record<string, string> }[] }>(at('opaque.mkv'), '-show_streams');
    expect(Object.keys(streams[0]?.tags ?? {}).map((name) => name.toLowerCase())).not.toContain('alpha_mode');
  });

  it('is refused by --strict', async () => {
    await coded('libvpx');
    const result = await run('libvpx.webm', 'strict.mkv', '--strict');
    expect(result.events.at(-1)).toMatchObject({ code: 'SRVID_INPUT_UNSUPPORTED', message: expect.stringMatching(/transparency/) });
  });
});

it('further layers of HEVC are named as lost', async () => {
  await ffmpeg(...FRAMES, '-frames:v', '3', '-pix_fmt', 'yuv420p', '-c:v', 'libx265', '-x265-params', 'log-level=none', '-tag:v', 'hvc1', at('layer.mp4'));
  const file = await readFile(at('layer.mp4'));
  const parameters = file.indexOf(Buffer.from('40010c01', 'hex'));
  expect(parameters).toBeGreaterThan(0);
  // The set says how many there are beside the first.
  file[parameters + 3] = 0x11;
  await writeFile(at('layers.mp4'), file);
  expect(warningsOf(await run('layer.mp4', 'layer.mkv'))).toEqual([]);
  const result = await run('layers.mp4', 'layers.mkv');
  expect(endOf(result)).toMatchObject({ framesOut: 3 });
  expect(warningsOf(result)).toEqual([expect.stringMatching(/further layers of HEVC/)]);
});

// Made with x265 4.1 (`-x265-params alpha=1`), which few builds of ffmpeg have.
const ALPHA = fileURLToPath(new URL('../fixtures/media/hevc-alpha.mov', import.meta.url));

it.each(['mov', 'mkv', 'standard input'])('transparency as a layer of HEVC is named as lost, and refused by --strict: %s', async (kind) => {
  const copy = kind === 'standard input' ? ALPHA : at(`alpha.${kind}`);
  if (copy !== ALPHA) await ffmpeg('-i', ALPHA, '-c', 'copy', copy);
  const from = copy === ALPHA ? { input: '-', options: { stdin: await readFile(ALPHA) } } : { input: copy, options: {} };
  const args = [from.input, at('alpha-out.mkv'), '--preset', 'bicubic', '--json', '-y'];
  const result = await srvid(args, from.options);
  expect(endOf(result)).toMatchObject({ framesOut: 2 });
  expect(warningsOf(result)).toContainEqual(expect.stringMatching(/further layers of HEVC, for transparency .* lost/));
  const refused = await srvid([...args, '--strict'], from.options);
  expect(refused.events.at(-1)).toMatchObject({ code: 'SRVID_INPUT_UNSUPPORTED', message: expect.stringMatching(/further layers of HEVC/) });
});

it.each([
  [5, 0, 'mp4', /profile 5, .*colours will be wrong/],
  [5, 0, 'mkv', /profile 5, .*colours will be wrong/],
  [8, 1, 'mp4', /profile 8\. Its ordinary base layer is processed, .*lost/],
])('Dolby Vision of profile %i, compatible with %i, in %s is named, and refused by --strict for that', async (profile, compatible, kind, words) => {
  const record = box('dvcC', Buffer.from([1, 0, profile << 1, (6 << 3) | 5, compatible << 4]), Buffer.alloc(19));
  await writeFile(at('dolby.mp4'), inSampleEntry(await readFile(at('plain.mp4')), 'avc1', record));
  if (kind === 'mkv') await ffmpeg('-i', at('dolby.mp4'), '-c', 'copy', '-strict', 'unofficial', at('dolby.mkv'));
  const result = await run(`dolby.${kind}`, 'dolby-out.mkv', '--strict');
  expect(result.events.at(-1)).toMatchObject({ code: 'SRVID_INPUT_UNSUPPORTED', message: expect.stringMatching(words) });
});

it('mastering data and light levels of HDR are kept by encoders that write them, and named where they are lost', async () => {
  const display = 'G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)';
  const hdr10 = `log-level=none:hdr10=1:master-display=${display}:max-cll=1000,400`;
  const colours = ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'];
  await ffmpeg(...FRAMES, '-frames:v', '4', '-pix_fmt', 'yuv420p10le', '-c:v', 'libx265', ...colours, '-x265-params', hdr10, at('hdr.mkv'));
  const levels = async (name: string) => {
    const entries = ['-show_entries', 'frame_side_data=side_data_type,red_x,green_y,white_point_x,min_luminance,max_luminance,max_content,max_average'];
    const { frames } = await ffprobe<{ frames: { side_data_list: Record<string, unknown>[] }[] }>(at(name), '-read_intervals', '%+#1', ...entries);
    const value = (text: unknown) => (typeof text === 'string' ? text.split('/').reduce((num, den) => String(Number(num) / Number(den))) : text);
    const told = (frames[0]?.side_data_list ?? []).filter(({ side_data_type }) => /^(mastering|content)/i.test(side_data_type as string));
    return told.map((data) => Object.entries(data).map(([name, text]) => [name, name === 'side_data_type' ? text : Number(Number(value(text)).toFixed(3))]));
  };
  const source = await levels('hdr.mkv');
  expect(source).toHaveLength(2);
  for (const [name, encoder] of [
    ['hdr.mp4', 'libx264'],
    ['hdr-x265.mkv', 'libx265'],
    ['hdr-av1.mkv', 'libsvtav1'],
  ] as const) {
    const result = await run('hdr.mkv', name, '--encoder', encoder);
    endOf(result);
    expect(warningsOf(result).join(), name).not.toMatch(/mastering/);
    if (encoder !== 'libx264') expect(await levels(name), name).toEqual(source);
  }
  // ffprobe reads these of H.264 only since 6.1, so the messages themselves are looked for.
  const h264 = (await readFile(at('hdr.mp4'))).toString('hex');
  expect(h264).toContain('891833c286c41d4c0bb884d03e803d13404200989680');
  expect(h264).toContain('900403e80190');
  expect(warningsOf(await run('hdr.mkv', 'hdr.webm'))).toContainEqual(expect.stringMatching(/mastering or light-level data, which is lost: .*libvpx-vp9/));
});

describe('marks of 360-degree and stereo video', () => {
  interface Marked {
    readonly streams: readonly { readonly side_data_list?: readonly object[]; readonly tags?: Readonly<Record<string, string>> }[];
  }
  const marksOf = async (name: string) => (await ffprobe<Marked>(at(name), '-show_streams', '-select_streams', 'v')).streams[0]?.side_data_list ?? [];
  const sphere = (projection: Buffer) =>
    box('sv3d', box('svhd', Buffer.from('\0\0\0\0x\0')), box('proj', box('prhd', words(0, 90 << 16, -45 << 16, 10 << 16)), projection));
  const half = box('equi', words(0, 0, 0, 0x3fffffff, 0x3fffffff));
  const mark = async (name: string, ...boxes: Buffer[]) => writeFile(at(name), inSampleEntry(await readFile(at('plain.mp4')), 'avc1', ...boxes));

  it('are written into MOV, Matroska and WebM, which stay whole', async () => {
    await mark('half.mp4', box('st3d', Buffer.from([0, 0, 0, 0, 2])), sphere(half));
    await mark('cube.mp4', sphere(box('cbmp', words(0, 0, 4))));
    const pose = { yaw: 90, pitch: -45, roll: 10 };
    const halves = [
      expect.objectContaining({ side_data_type: 'Stereo 3D', type: 'side by side' }),
      // Twice the pixels that the source has beside its picture.
      expect.objectContaining({ projection: 'tiled equirectangular', ...pose, bound_left: 64, bound_top: 0, bound_right: 63, bound_bottom: 0 }),
    ];
    for (const [input, output, marks] of [
      ['half.mp4', 'half.mov', halves],
      ['half.mp4', 'half.webm', halves],
      ['cube.mp4', 'cube.mkv', [expect.objectContaining({ projection: 'cubemap', padding: 8, ...pose })]],
    ] as const) {
      const result = await run(input, output, '--strict', '--duration', '0.1');
      endOf(result);
      expect(warningsOf(result), output).toEqual([]);
      expect(await marksOf(output), output).toEqual(marks);
      const checked = await promisify(execFile)(FFMPEG, ['-v', 'warning', '-err_detect', 'crccheck+bitstream+explode', '-i', at(output), '-f', 'null', '-']);
      expect(checked.stderr).toBe('');
    }
    const { streams } = await ffprobe<Marked>(at('half.mov'), '-show_streams');
    expect(streams[0]?.tags).toMatchObject({ handler_name: 'VideoHandler' });
  });

  it('are named where there is no place for them, and in a pipe, into which they cannot be written', async () => {
    await mark('both.mp4', box('st3d', Buffer.from([0, 0, 0, 0, 1])), sphere(half));
    const piped = await srvid([at('both.mp4'), '-', '--format', 'mp4', '--preset', 'bicubic', '--duration', '0.1']);
    for (const what of [/stereo video \(top_bottom\), .*lost: .*standard output/, /360-degree video .*lost: .*standard output/])
      expect(piped.stderr).toMatch(what);
    const refused = await run('both.mp4', 'both.ts', '--strict');
    expect(refused.events.at(-1)).toMatchObject({
      message: expect.stringMatching(/stereo video .*mpegts has no place.*360-degree video .*mpegts has no place/),
    });
  });

  it('that the frames themselves state are carried by x264', async () => {
    await ffmpeg(...FRAMES, ...H264, '-x264-params', 'frame-packing=3', at('packed.mp4'));
    const result = await run('packed.mp4', 'packed.mkv', '--strict');
    endOf(result);
    const { frames } = await ffprobe<{ frames: { side_data_list?: { side_data_type: string }[] }[] }>(
      at('packed.mkv'),
      '-show_frames',
      '-read_intervals',
      '%+#1',
    );
    expect(frames[0]?.side_data_list).toContainEqual(expect.objectContaining({ side_data_type: 'Stereo 3D' }));
  });
});
