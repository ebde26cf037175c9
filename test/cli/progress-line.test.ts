import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { ProgressLine, progressText } from '../../dist/cli/progress-line.js';
import type { RealtimeReport } from '../../dist/report/events.js';

const progress = {
  v: 1,
  type: 'progress',
  frames: 120,
  total: 250,
  fps: 29.13,
  speed: 1.164,
  etaSeconds: 64,
  bottleneck: 'abpn',
  outcomes: { sr: 120, reused: 0, bypassed: 0, dropped: 0 },
} as const;

/** A terminal of so many columns that remembers what it was told. */
function terminal(columns: number) {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { columns }) as unknown as NodeJS.WriteStream, text: () => text };
}

it('tells a bar, the share that is done, the time left, frames, rate, speed, and what the others wait for', () => {
  expect(progressText(progress)).toBe('[#########-----------]  48%  1:04 left  120/250 frames  29.1 fps  1.16x  bottleneck: abpn');
});

it('tells no total and no time left where the source does not say how long it is', () => {
  expect(progressText({ ...progress, total: undefined, etaSeconds: undefined })).toBe('120 frames  29.1 fps  1.16x  bottleneck: abpn');
});

it('tells the level in use and the late, dropped and bypassed frames in real time, and counts dropped ones as done', () => {
  const outcomes = { sr: 100, reused: 0, bypassed: 12, dropped: 5 };
  const text = progressText({ ...progress, outcomes, etaSeconds: 3670, realtime: { level: 'swift', late: 3 } as RealtimeReport });
  expect(text).toBe('[##########----------]  50%  1:01:10 left  125/250 frames  level swift  3 late  5 dropped  12 bypassed  29.1 fps  1.16x');
});

it('fills the bar at the end, and no further where the source has more frames than it announced', () => {
  expect(progressText({ ...progress, frames: 250 })).toMatch(/^\[#{20}\] 100% /);
  expect(progressText({ ...progress, frames: 300 })).toMatch(/^\[#{20}\] 100% /);
});

it('writes over itself on a terminal, no wider than it, and clears up', () => {
  const { stream, text } = terminal(30);
  const line = new ProgressLine(stream, true);
  line.show(progress);
  line.show(progress);
  line.clear();
  line.clear();
  expect(text()).toBe('\r\x1b[K[#########-----------]  48%  '.repeat(2).concat('\r\x1b[K'));
});

it('says nothing where there is no terminal', () => {
  const { stream, text } = terminal(80);
  const line = new ProgressLine(stream, false);
  line.show(progress);
  line.clear();
  expect(text()).toBe('');
});
