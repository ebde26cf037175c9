import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SrvidError } from '../../../dist/errors.js';
import { parseProbe } from '../../../dist/pipeline/ffmpeg/probe.js';
import { describeSource } from '../../../dist/pipeline/input/source.js';
import { failureOf } from '../../helpers/errors.js';
import { fuzzCases } from '../../helpers/random.js';

const video = {
  index: 0,
  codec_type: 'video',
  codec_name: 'h264',
  width: 640,
  height: 360,
  pix_fmt: 'yuv420p',
  sample_aspect_ratio: '1:1',
  r_frame_rate: '30/1',
  avg_frame_rate: '30000/1001',
  time_base: '1/30000',
  start_time: '0.000000',
  duration: '2.002000',
  disposition: { default: 1, attached_pic: 0 },
};
const container = { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', start_time: '0.000000', duration: '2.1' };
const describe = (streams: object[], format: object = container) => describeSource('clip.mp4', parseProbe(JSON.stringify({ streams, format })));

test('an ordinary file is described as it is', () => {
  const source = describe([video]);
  expect(source).toMatchObject({
    decodeFormat: 'yuv420p',
    hasTimestamps: true,
    shiftSeconds: 0,
    expectedFrames: 60,
    losses: [],
    info: {
      format: { kind: 'yuv420p', width: 640, height: 360 },
      timeBase: { num: 1, den: 30_000 },
      frameRate: { num: 30_000, den: 1001 },
      sampleAspect: { num: 1, den: 1 },
    },
  });
});

test.each([90, -90, 270])('a video to be turned by %d degrees has its sides and its pixel’s shape swapped', (rotation) => {
  const { info } = describe([
    { ...video, sample_aspect_ratio: '4:3', side_data_list: [{ side_data_type: 'CPB properties' }, { side_data_type: 'Display Matrix', rotation }] },
  ]);
  expect(info.format).toMatchObject({ width: 360, height: 640 });
  expect(info.sampleAspect).toEqual({ num: 3, den: 4 });
});

test.each([0, 180, -180])('a video to be turned by %d degrees keeps its sides', (rotation) => {
  expect(describe([{ ...video, side_data_list: [{ rotation }] }]).info.format).toMatchObject({ width: 640, height: 360 });
});

test.each([
  [
    { side_data_type: 'DOVI configuration record', dv_profile: 5, dv_bl_signal_compatibility_id: 0 },
    /profile 5, which has no ordinary base layer: .*colours will be wrong/,
  ],
  [{ side_data_type: 'DOVI configuration record', dv_profile: 8, dv_bl_signal_compatibility_id: 1 }, /profile 8. Its ordinary base layer is processed, .*lost/],
  [{ side_data_type: 'ICC Profile' }, /lost: ICC Profile/],
  [{ side_data_type: 'Something of a later version' }, /lost: Something of a later version/],
])('%j of a stream is named as lost', (data, sentence) => {
  expect(describe([{ ...video, side_data_list: [{ side_data_type: 'CPB properties' }, data] }]).losses).toEqual([expect.stringMatching(sentence)]);
});

test('what lies beside the first frames is named once, and what means nothing is not', () => {
  const frame = { stream_index: 0, side_data_list: [{ side_data_type: 'H.26[45] User Data Unregistered SEI message' }, { side_data_type: 'GOP timecode' }] };
  const dynamic = {
    stream_index: 0,
    side_data_list: [{ side_data_type: 'HDR Dynamic Metadata SMPTE2094-40 (HDR10+)' }, { side_data_type: 'Dolby Vision Metadata' }],
  };
  const frames = [frame, dynamic, dynamic, { stream_index: 1, side_data_list: [{ side_data_type: 'ICC profile' }] }];
  const { losses } = describeSource('clip.mp4', parseProbe(JSON.stringify({ streams: [{ ...video, film_grain: 1 }], frames, format: container })));
  expect(losses).toEqual([expect.stringMatching(/Dolby Vision. Its ordinary/), expect.stringMatching(/film grain/), expect.stringMatching(/HDR10\+/)]);
});

test('cover art is never taken for the video', async () => {
  const cover = { ...video, index: 0, codec_name: 'mjpeg', disposition: { default: 1, attached_pic: 1 } };
  expect(describe([cover, { ...video, index: 1, disposition: { default: 0, attached_pic: 0 } }]).video.index).toBe(1);
  const error = await failureOf(() => describe([cover, { index: 1, codec_type: 'audio' }]));
  expect(error.code).toBe('SRVID_INPUT_NO_VIDEO');
  expect(error.message).toContain('cover art');
});

test('of several videos the default one is taken, else the first', () => {
  const second = { ...video, index: 1 };
  expect(describe([{ ...video, disposition: { default: 0 } }, second]).video.index).toBe(1);
  expect(
    describe([
      { ...video, disposition: {} },
      { ...second, disposition: {} },
    ]).video.index,
  ).toBe(0);
});

test('an input without video is refused, and the message says what it holds', async () => {
  const error = await failureOf(() =>
    describe([
      { index: 0, codec_type: 'audio' },
      { index: 1, codec_type: 'subtitle' },
    ]),
  );
  expect(error.code).toBe('SRVID_INPUT_NO_VIDEO');
  expect(error.message).toContain('audio, subtitle');
});

test('a raw stream has no timestamps: its time base is one frame', () => {
  const { start_time, duration, ...raw } = { ...video, time_base: '1/1200000', r_frame_rate: '30/1', avg_frame_rate: '30/1' };
  const source = describe([raw], { format_name: 'h264' });
  expect(source.hasTimestamps).toBe(false);
  expect(source.info.timeBase).toEqual({ num: 1, den: 30 });
  expect(source.expectedFrames).toBeUndefined();
});

test('a start before zero is moved by whole seconds, so that no pts is negative', () => {
  expect(describe([{ ...video, start_time: '-0.033' }]).shiftSeconds).toBe(1);
  expect(describe([video], { ...container, start_time: '-2.5' }).shiftSeconds).toBe(3);
  expect(describe([{ ...video, start_time: '1.4' }]).shiftSeconds).toBe(0);
});

test.each([
  ['yuv420p10le', 'yuv420p'],
  ['yuv422p10le', 'yuv422p'],
  ['uyvy422', 'yuv422p'],
  ['rgb24', 'yuv444p'],
  ['gbrp', 'yuv444p'],
  ['gray10le', 'gray'],
  ['nv12', 'yuv420p'],
])('%s is converted to %s, with a warning', (pix_fmt, kind) => {
  const source = describe([{ ...video, pix_fmt }]);
  expect(source.info.format.kind).toBe(kind);
  expect(source.losses[0]).toContain(pix_fmt);
});

test('a pixel format that is called like something every object has is just unknown', () => {
  expect(describe([{ ...video, pix_fmt: 'valueOf' }]).info.format.kind).toBe('yuv420p');
});

test('full-range formats keep their samples and say so', () => {
  const source = describe([{ ...video, pix_fmt: 'yuvj420p' }]);
  expect(source).toMatchObject({ decodeFormat: 'yuvj420p', losses: [], info: { format: { kind: 'yuv420p' }, color: { range: 'pc' } } });
});

test('colour is passed on as the source says it, and not invented', () => {
  const tagged = { ...video, color_range: 'tv', color_space: 'bt709', color_primaries: 'bt709', color_transfer: 'unknown', chroma_location: 'topleft' };
  expect(describe([tagged]).info.color).toEqual({ range: 'tv', matrix: 'bt709', primaries: 'bt709', transfer: undefined, chromaLocation: 'topleft' });
  expect(describe([{ ...video, chroma_location: 'unspecified' }]).info.color).toEqual({
    range: undefined,
    matrix: undefined,
    primaries: undefined,
    transfer: undefined,
    chromaLocation: undefined,
  });
});

test.each([{ width: 0 }, { width: undefined }, { height: 99_999 }, { pix_fmt: undefined }, { pix_fmt: 'unknown' }])(
  'a video with %j is refused',
  async (change) => {
    expect((await failureOf(() => describe([{ ...video, ...change }]))).code).toBe('SRVID_INPUT_UNSUPPORTED');
  },
);

test('a frame rate that nobody can tell is 25, and never zero', () => {
  expect(describe([{ ...video, avg_frame_rate: '0/0', r_frame_rate: '0/0' }]).info.frameRate).toEqual({ num: 25, den: 1 });
});

test('whatever JSON ffprobe might print is described or refused', () => {
  const value = fc.oneof(fc.constantFrom('1/0', '0/0', '-1/5', '1e400', 'N/A', '__proto__', ''), fc.string(), fc.double(), fc.integer(), fc.constant(null));
  const text = fc.oneof(fc.constantFrom('1/0', '0/0', '-1/5', '1e400', 'N/A', '-0.5', '9e15', 'yuv420p', 'gray', '99999999999999999999/7'), fc.string());
  const likely = fc.record(
    {
      index: fc.nat(9),
      codec_type: fc.constant('video'),
      width: fc.integer({ min: -2, max: 17_000 }),
      height: fc.nat(17_000),
      pix_fmt: text,
      avg_frame_rate: text,
      time_base: text,
      start_time: text,
      sample_aspect_ratio: text,
      duration: text,
      nb_frames: text,
    },
    { requiredKeys: ['index', 'codec_type'] },
  );
  const anything = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({ streams: fc.array(fc.oneof(likely, fc.dictionary(fc.string(), value))), format: fc.dictionary(fc.string(), value) })
      .map((json) => JSON.stringify(json)),
  );
  let described = 0;
  fc.assert(
    fc.property(anything, (json) => {
      let probe: ReturnType<typeof parseProbe>;
      try {
        probe = parseProbe(json);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      try {
        const { info, shiftSeconds } = describeSource('clip', probe);
        for (const rational of [info.timeBase, info.frameRate]) {
          expect(rational.num > 0 && rational.den > 0 && Number.isSafeInteger(rational.num) && Number.isSafeInteger(rational.den)).toBe(true);
        }
        expect(Number.isSafeInteger(shiftSeconds) && shiftSeconds >= 0).toBe(true);
        expect(info.format.kind).toMatch(/^(yuv4\d\dp|gray)$/);
        described++;
      } catch (error) {
        if (!(error instanceof SrvidError)) throw error;
      }
    }),
    { numRuns: fuzzCases(2000) },
  );
  expect(described).toBeGreaterThan(10);
});
