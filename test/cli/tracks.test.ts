import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, endOf, srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, temporaryFolder, videoTimes } from '../helpers/media.js';

interface Stream {
  readonly codec_type: string;
  readonly codec_name?: string;
  readonly codec_tag_string?: string;
  readonly channels?: number;
  readonly channel_layout?: string;
  readonly nb_read_frames?: string;
  readonly tags?: Record<string, string>;
}

const VIDEO = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.4'];
const SINE = ['-f', 'lavfi', '-i', 'sine=d=0.4:r=48000'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

let folder = '';
const at = (name: string) => join(folder, name);
const run = (input: string, output: string, ...options: string[]) => srvid([at(input), at(output), '--preset', 'bicubic', '--json', '-y', ...options]);
const warningsOf = (result: CommandResult) => result.events.filter((event) => event['type'] === 'warning').map((event) => event['message'] as string);
const streamsOf = async (name: string) => (await ffprobe<{ streams: Stream[] }>(at(name), '-show_streams', '-count_frames')).streams;
const soundOf = async (name: string) => (await streamsOf(name)).filter(({ codec_type }) => codec_type === 'audio');

beforeAll(async () => {
  folder = await temporaryFolder();
});

/** Sound of one codec a stream, beside a picture. */
async function withSound(name: string, ...sounds: readonly (readonly [encoder: string, layout: string])[]): Promise<void> {
  const inputs = sounds.flatMap(([, layout]) => ['-f', 'lavfi', '-i', `sine=d=0.4:r=48000,aformat=channel_layouts=${layout}`]);
  const maps = sounds.flatMap(([encoder], order) => ['-map', `${order + 1}`, `-c:a:${order}`, encoder]);
  await ffmpeg(...VIDEO, ...inputs, '-map', '0', ...maps, ...H264, '-strict', '-2', at(name));
}

describe('sound of a dozen codecs and layouts', () => {
  const SOUNDS = [
    ...([
      ['ac3', '5.1(side)'],
      ['eac3', '5.1(side)'],
      ['flac', '7.1'],
      ['libvorbis', 'stereo'],
      ['libopus', '5.1'],
      ['mp2', 'mono'],
    ] as const),
    ...([
      ['alac', 'stereo'],
      ['pcm_s24le', 'quad'],
      ['pcm_f32le', '2.1'],
      ['wavpack', '5.1'],
      ['pcm_alaw', 'mono'],
      ['adpcm_ms', 'stereo'],
    ] as const),
  ];

  beforeAll(() => withSound('dozen.mkv', ...SOUNDS));

  it.each(['mp4', 'mov', 'webm', 'ts', 'avi'])(
    'comes into %s, each stream decodable and with all its channels, or a warning says what is lost',
    async (kind) => {
      const result = await run('dozen.mkv', `dozen.${kind}`);
      endOf(result);
      const [before, after] = [await soundOf('dozen.mkv'), await soundOf(`dozen.${kind}`)];
      expect(after).toHaveLength(SOUNDS.length);
      const warnings = warningsOf(result);
      for (const [order, { codec_name, channels = 0, nb_read_frames }] of after.entries()) {
        const warning = warnings.find((text) => text.includes(`stream ${order + 1} `)) ?? '';
        const source = before[order] as Stream;
        expect(Number(nb_read_frames), `frames of stream ${order + 1}, ${codec_name}`).toBeGreaterThan(0);
        if (codec_name !== source.codec_name) expect(warning).toContain('becomes');
        if (channels !== source.channels) expect(warning).toContain('instead of');
      }
    },
  );

  it('that Matroska cannot hold keeps every sample, since PCM becomes PCM', async () => {
    await withSound('odd.mov', ['pcm_s8', 'mono'], ['pcm_f32be', 'stereo'], ['pcm_s32be', 'stereo'], ['pcm_f64be', 'mono']);
    const result = await run('odd.mov', 'odd.mkv');
    endOf(result);
    expect((await soundOf('odd.mkv')).map(({ codec_name }) => codec_name)).toEqual(['pcm_u8', 'pcm_f32le', expect.stringMatching(/^pcm_s32/), 'pcm_f64le']);
  });
});

describe('a track that nothing can decode', () => {
  beforeAll(async () => {
    await withSound('known.mov', ['aac', 'mono'], ['alac', 'mono']);
    const bytes = await readFile(at('known.mov'));
    bytes.write('apac', bytes.indexOf('alac'));
    await writeFile(at('unknown.mov'), bytes);
  });

  it.each(['mp4', 'mkv'])('is left out of %s with a warning, and the sound that is known comes along', async (kind) => {
    const result = await run('unknown.mov', `unknown.${kind}`);
    endOf(result);
    expect((await soundOf(`unknown.${kind}`)).map(({ codec_name }) => codec_name)).toEqual(['aac']);
    expect(warningsOf(result)).toContainEqual(expect.stringMatching(/^Audio stream 2 \(.*apac.*\) is left out/));
  });

  it('in Matroska is one of a name that ffmpeg does not know', async () => {
    await withSound('known.mkv', ['aac', 'mono'], ['libopus', 'mono']);
    await writeFile(at('unknown.mkv'), Buffer.from((await readFile(at('known.mkv'))).toString('latin1').replace('A_OPUS', 'A_NONE'), 'latin1'));
    for (const kind of ['mp4', 'webm']) {
      const result = await run('unknown.mkv', `unnamed.${kind}`);
      endOf(result);
      expect(await soundOf(`unnamed.${kind}`)).toHaveLength(1);
      expect(warningsOf(result)).toContainEqual(expect.stringMatching(/^Audio stream 2 is left out/));
    }
  });

  it('fails only with --strict, and not where --tracks drops it', async () => {
    expect((await run('unknown.mov', 'strict.mp4', '--strict')).code).toBe(2);
    const result = await run('unknown.mov', 'strict.mp4', '--strict', '--tracks=-2');
    endOf(result);
    expect(await soundOf('strict.mp4')).toHaveLength(1);
  });
});

describe('data that ffmpeg makes anew in the output', () => {
  it('is no loss, for --strict neither: the text of chapters, and the timecode', async () => {
    await ffmpeg(...VIDEO, ...H264, at('plain.mp4'));
    await writeFile(at('chapters.txt'), ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=One\n');
    await ffmpeg('-i', at('plain.mp4'), '-i', at('chapters.txt'), '-map', '0', '-map_chapters', '1', '-c', 'copy', '-timecode', '01:00:00:00', at('data.mov'));
    const result = await run('data.mov', 'data-out.mov', '--strict');
    endOf(result);
    expect(warningsOf(result)).toEqual([]);
    const { chapters, streams } = await ffprobe<{ chapters: unknown[]; streams: Stream[] }>(at('data-out.mov'), '-show_chapters', '-show_streams');
    expect(chapters).toHaveLength(1);
    expect(streams.find(({ codec_tag_string }) => codec_tag_string === 'tmcd')?.tags).toMatchObject({ timecode: '01:00:00:00' });
  });
});

describe('sound and times', () => {
  beforeAll(async () => {
    await ffmpeg(...VIDEO, ...SINE, ...H264, '-c:a', 'aac', at('in.mp4'));
    await ffmpeg('-i', at('in.mp4'), '-c', 'copy', at('in.ts'));
  });

  it.each(['mp4', 'matroska', 'mpegts'])('AAC of MPEG-TS comes to standard output as %s', async (format) => {
    const result = await srvid([at('in.ts'), '-', '--format', format, '--preset', 'bicubic'], { stdout: at(`stdout.${format}`) });
    expect(result.stderr).not.toContain('SRVID_');
    expect(result.code).toBe(0);
    const [sound] = await soundOf(`stdout.${format}`);
    expect(sound).toMatchObject({ codec_name: 'aac' });
    expect(Number(sound?.nb_read_frames)).toBeGreaterThan(15);
  });

  it('sound that begins before 0 moves no picture where the container knows no such time', async () => {
    endOf(await run('in.mp4', 'exact.mkv'));
    expect(await videoTimes(at('exact.mkv'))).toEqual(await videoTimes(at('in.mp4')));
    expect(await soundOf('exact.mkv')).toHaveLength(1);
  });
});

describe('damaged sound', () => {
  beforeAll(async () => {
    await ffmpeg(...VIDEO, '-f', 'lavfi', '-i', 'anoisesrc=d=2:seed=7', ...H264, '-c:a', 'aac', '-b:a', '192k', at('whole.ts'));
    await writeFile(at('damaged.ts'), withDamage(await readFile(at('whole.ts')), 257));
  });

  it('is told as what it is', async () => {
    const result = await run('damaged.ts', 'damaged.mkv');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('SRVID_INPUT_DAMAGED');
    expect(result.stderr).toContain('--salvage');
  });

  it.each(['mkv', 'mp4'])('is carried into %s as far as it is whole, with --salvage', async (kind) => {
    const result = await run('damaged.ts', `salvaged.${kind}`, '--salvage');
    endOf(result);
    const [sound] = await soundOf(`salvaged.${kind}`);
    expect(Number(sound?.nb_read_frames)).toBeGreaterThan(2);
    expect(warningsOf(result)).toContainEqual(expect.stringContaining('Part of a track beside the video is damaged'));
  });
});

/** Overwrites the payload of every second packet of a stream of MPEG-TS (ISO/IEC 13818-1, 2.4.3.2) that begins no frame, after the first 20. */
function withDamage(stream: Buffer, pid: number): Buffer {
  const bytes = Buffer.from(stream);
  for (let start = 188 * 20, count = 0; start + 188 <= bytes.length; start += 188) {
    const flags = bytes.readUInt16BE(start + 1);
    if ((flags & 0x1fff) !== pid || (flags & 0x4000) !== 0 || count++ % 2 === 0) continue;
    const adaptation = (bytes[start + 3] as number) & 0x20 ? 1 + (bytes[start + 4] as number) : 0;
    for (let place = start + 4 + adaptation; place < start + 188; place++) bytes[place] = (place * 73 + 11) & 0xff;
  }
  return bytes;
}
