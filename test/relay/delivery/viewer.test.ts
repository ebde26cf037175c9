import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GO2RTC_DIALECT, srvidDialect } from '../../../dist/relay/delivery/dialect.js';
import { Rendition } from '../../../dist/relay/delivery/rendition.js';
import { Viewer } from '../../../dist/relay/delivery/viewer.js';
import type { Fragment } from '../../../dist/relay/fmp4/fragment.js';
import type { InitSegment } from '../../../dist/relay/fmp4/init-segment.js';
import { ABOUT } from '../../helpers/relay.js';

const LIMITS = { maxViewerBytes: 1000, stuckMs: 10_000, behindMs: 30_000 };
const INIT: InitSegment = { bytes: Buffer.from('init'), mime: 'video/mp4; codecs="avc1.42c028"', width: 16, height: 16, timescale: 25, tracks: [] };
const GOP = 10;

const fragment = (index: number, bytes = 100): Fragment => ({
  bytes: Buffer.alloc(bytes, index),
  keyframe: index % GOP === 0,
  startSeconds: index,
  durationSeconds: 1,
});

/** A sink that holds what it is sent until `take` is called. */
function rig(dialect = srvidDialect({ maySet: true })) {
  const clock = { time: 0, now: () => clock.time };
  const sink = {
    sent: [] as (string | Uint8Array)[],
    bufferedAmount: 0,
    closed: undefined as { code: number; reason: string } | undefined,
    send(data: string | Uint8Array) {
      if (sink.closed) throw new Error('sent after close');
      sink.sent.push(data);
      sink.bufferedAmount += data.length;
    },
    close(code: number, reason: string) {
      sink.closed = { code, reason };
    },
    take: (bytes = Number.POSITIVE_INFINITY) => {
      sink.bufferedAmount = Math.max(0, sink.bufferedAmount - bytes);
    },
  };
  const rendition = new Rendition({ maxBacklogBytes: 800 });
  const viewer = new Viewer({ sink, dialect, clock, delivery: rendition.delivery, limits: LIMITS });
  const texts = () => sink.sent.filter((data) => typeof data === 'string').map((text) => JSON.parse(text) as { type: string } & Record<string, unknown>);
  const shown = () => sink.sent.filter((data) => typeof data !== 'string' && data !== INIT.bytes).map((data) => data[0] as number);
  return { clock, sink, rendition, viewer, texts, shown };
}

/** A viewer that has taken the beginning of a rendition. */
function watching() {
  const made = rig();
  made.rendition.subscribe(made.viewer);
  made.rendition.begin(INIT, ABOUT);
  made.sink.take();
  return made;
}

test('hello and the init segment come first, then fragments from a keyframe on', () => {
  const { sink, rendition, viewer, texts, shown } = rig();
  rendition.subscribe(viewer);
  expect(sink.sent).toEqual([]);
  rendition.begin(INIT, ABOUT);
  expect(texts()).toEqual([{ type: 'hello', v: 1, ...ABOUT, mime: INIT.mime, width: 16, height: 16, maySet: true }]);
  expect(sink.sent[1]).toBe(INIT.bytes);
  for (const index of [7, 8, 9, 10, 11]) rendition.push(fragment(index));
  expect(shown()).toEqual([10, 11]);
  expect(rendition.delivery).toMatchObject({ viewers: 1, joined: 1, fragments: 2, gaps: 0, skipped: 0 });
});

test('who comes later gets everything since the last keyframe at once', () => {
  const { rendition, viewer, shown } = rig();
  rendition.begin(INIT, ABOUT);
  for (let index = 0; index < 14; index++) rendition.push(fragment(index));
  rendition.subscribe(viewer);
  expect(shown()).toEqual([10, 11, 12, 13]);
  rendition.push(fragment(14));
  expect(shown()).toEqual([10, 11, 12, 13, 14]);
});

test('a group of pictures that is too long is not kept, and who comes later waits for the next keyframe', () => {
  const { sink, rendition, viewer, shown } = rig();
  rendition.begin(INIT, ABOUT);
  for (let index = 0; index < 9; index++) rendition.push(fragment(index));
  rendition.subscribe(viewer);
  expect(shown()).toEqual([]);
  for (let index = 9; index < 12; index++) rendition.push(fragment(index));
  expect(shown()).toEqual([10, 11]);
  expect(sink.closed).toBeUndefined();
});

test('nothing of an epoch that is over is given to who comes later', () => {
  const { sink, rendition, viewer } = rig();
  rendition.begin(INIT, ABOUT);
  rendition.push(fragment(0));
  rendition.forget();
  rendition.subscribe(viewer);
  expect(sink.sent).toEqual([]);
});

test('over the bound of bytes it skips to a keyframe, says what is missing, and plays on', () => {
  const { sink, rendition, texts, shown } = watching();
  for (let index = 0; index < 13; index++) rendition.push(fragment(index));
  expect(shown()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  sink.take();
  for (let index = 13; index < 22; index++) rendition.push(fragment(index));
  expect(shown()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21]);
  expect(texts().at(-1)).toEqual({ type: 'gap', from: 10, to: 20, fragments: 10, reason: 'slow' });
  expect(sink.sent.findIndex((data) => typeof data === 'string' && data.includes('gap'))).toBe(sink.sent.length - 3);
  expect(rendition.delivery).toMatchObject({ gaps: 1, skipped: 10, fragments: 12 });
});

test('plays on only where half of the bound is free again, lest it stumble at once', () => {
  const { sink, rendition, shown } = watching();
  for (let index = 0; index < 20; index++) rendition.push(fragment(index));
  sink.take(sink.bufferedAmount - 501);
  rendition.push(fragment(20));
  expect(shown()).not.toContain(20);
  sink.take(1);
  rendition.push(fragment(30));
  expect(shown()).toContain(30);
});

test('a fragment larger than the bound is sent where nothing else waits', () => {
  const { sink, rendition } = watching();
  rendition.push(fragment(0, 5000));
  expect(sink.bufferedAmount).toBe(5000);
});

test('a viewer that takes nothing is closed when its time is over, and not before', () => {
  const { clock, sink, rendition, viewer } = rig();
  rendition.subscribe(viewer);
  rendition.begin(INIT, ABOUT);
  rendition.push(fragment(0));
  clock.time = LIMITS.stuckMs - 1;
  viewer.check();
  expect(sink.closed).toBeUndefined();
  clock.time = LIMITS.stuckMs;
  viewer.check();
  expect(sink.closed?.code).toBe(1013);
  rendition.push(fragment(1));
  rendition.say({ type: 'ready' });
  rendition.begin(INIT, ABOUT);
  rendition.end('over');
  expect(rendition.delivery.stuck).toBe(1);
});

test('a viewer that takes a little each second is kept while keyframes get through, and closed when none does', () => {
  const { clock, sink, rendition, viewer } = watching();
  for (let index = 0; index < 60 && !sink.closed; index++) {
    rendition.push(fragment(index));
    sink.take(10);
    clock.time += 1000;
    viewer.check();
  }
  expect(sink.closed).toEqual({ code: 1013, reason: 'it is too slow for this stream' });
  expect(clock.time).toBeGreaterThanOrEqual(LIMITS.behindMs + 10_000);
});

test('a quiet source closes nobody', () => {
  const { clock, sink, rendition, viewer } = watching();
  clock.time += 10 * LIMITS.behindMs;
  rendition.push(fragment(0));
  viewer.check();
  expect(sink.closed).toBeUndefined();
});

test('a new epoch ends a gap without a word, since its times mean nothing any more', () => {
  const { sink, rendition, viewer, texts, shown } = rig();
  rendition.subscribe(viewer);
  rendition.begin(INIT, ABOUT);
  for (let index = 0; index < 15; index++) rendition.push(fragment(index));
  sink.take();
  rendition.begin(INIT, { ...ABOUT, epoch: 1 });
  rendition.push(fragment(0));
  expect(texts().map(({ type }) => type)).toEqual(['hello', 'hello']);
  expect(shown().at(-1)).toBe(0);
});

test('of a new epoch nothing is sent before its first keyframe', () => {
  const { sink, rendition, viewer, shown } = rig();
  rendition.subscribe(viewer);
  for (const epoch of [0, 1]) {
    sink.take();
    rendition.begin(INIT, { ...ABOUT, epoch });
    for (const index of [9, 10, 11]) rendition.push(fragment(index));
  }
  expect(shown()).toEqual([10, 11, 10, 11]);
});

test('over the bound no other text is added either', () => {
  const { sink, rendition } = watching();
  rendition.push(fragment(0, 5000));
  sink.take(100);
  const before = sink.sent.length;
  rendition.say({ type: 'state', state: 'waiting', message: 'The source ended.' });
  expect(sink.sent.length).toBe(before);
});

test('who comes while the source is away is told so', () => {
  const { rendition, viewer, texts } = rig();
  rendition.say({ type: 'state', state: 'waiting', message: 'The source ended.' });
  rendition.subscribe(viewer);
  expect(texts()).toEqual([{ type: 'state', state: 'waiting', message: 'The source ended.' }]);
});

test.each(['a new epoch', 'the state live'])('who comes after %s is not told of what was before', (what) => {
  const { rendition, viewer, texts } = rig();
  rendition.say({ type: 'state', state: 'waiting', message: 'The source ended.' });
  if (what === 'a new epoch') rendition.begin(INIT, ABOUT);
  else rendition.say({ type: 'state', state: 'live', message: 'It is there.' });
  rendition.subscribe(viewer);
  expect(texts().filter(({ type }) => type === 'state')).toEqual([]);
});

test('when the stream ends everybody is told and closed, and so is who comes later', () => {
  const { sink, rendition, viewer, texts } = rig();
  rendition.subscribe(viewer);
  rendition.begin(INIT, ABOUT);
  rendition.end('The file ended.');
  const late = rig();
  rendition.subscribe(late.viewer);
  for (const { sink: each, texts: said } of [{ sink, texts }, late]) {
    expect(said().at(-1)).toEqual({ type: 'state', state: 'ended', message: 'The file ended.' });
    expect(each.closed?.code).toBe(1000);
  }
});

test('a client of go2rtc gets the kind of the stream once, fragments, and no other text; a change closes it', () => {
  const { sink, rendition, viewer, texts, shown } = rig(GO2RTC_DIALECT);
  rendition.subscribe(viewer);
  rendition.begin(INIT, ABOUT);
  rendition.say({ type: 'state', state: 'live', message: '' });
  rendition.push(fragment(0));
  expect(sink.sent[0]).toBe('{"type":"mse","value":"video/mp4; codecs=\\"avc1.42c028\\""}');
  expect(texts()).toHaveLength(1);
  expect(shown()).toEqual([0]);
  rendition.begin(INIT, ABOUT);
  expect(sink.closed?.code).toBe(1012);
});

test('whatever a viewer takes and when: every fragment is sent in order or told as missing, each run begins with a keyframe, and the bound holds', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ taken: fc.nat(400), bytes: fc.integer({ min: 1, max: 300 }) }), { minLength: 1, maxLength: 200 }), (steps) => {
      const { sink, rendition, viewer, shown } = rig();
      rendition.subscribe(viewer);
      rendition.begin(INIT, ABOUT);
      const overhead = sink.bufferedAmount;
      for (const [index, { taken, bytes }] of steps.entries()) {
        rendition.push(fragment(index, bytes));
        // The text of a gap or a hello comes on top.
        expect(sink.bufferedAmount).toBeLessThanOrEqual(LIMITS.maxViewerBytes + overhead);
        sink.take(taken);
      }
      const got = shown();
      const gaps = sink.sent.flatMap((data, at) =>
        typeof data === 'string' && at > 0 ? [JSON.parse(data) as { from: number; to: number; fragments: number }] : [],
      );
      const told = new Set(gaps.flatMap(({ from, fragments }) => Array.from({ length: fragments }, (_, offset) => from + offset)));
      for (const { from, to, fragments } of gaps) {
        expect(to - from).toBe(fragments);
        expect(to % GOP).toBe(0);
        expect(got).toContain(to);
      }
      const last = got.at(-1) ?? -1;
      expect([...got, ...told].filter((index) => index <= last).toSorted((a, b) => a - b)).toEqual(Array.from({ length: last + 1 }, (_, index) => index));
    }),
  );
});

test('a slow viewer costs the others nothing', () => {
  const slow = rig();
  const good = rig();
  slow.rendition.subscribe(slow.viewer);
  slow.rendition.subscribe(good.viewer);
  slow.rendition.begin(INIT, ABOUT);
  for (let index = 0; index < 100; index++) {
    slow.rendition.push(fragment(index));
    good.sink.take();
  }
  expect(good.shown()).toHaveLength(100);
  expect(slow.shown().length).toBeLessThan(11);
});
