import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { ProgressLine, progressText } from '../../dist/cli/progress-line.js';

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

it('tells frames, rate, speed, the time left and what the others wait for', () => {
  expect(progressText(progress)).toBe('120/250 frames  29.1 fps  1.16x  ETA 1:04  bottleneck: abpn');
});

it('tells no total and no time left where the source does not say how long it is', () => {
  expect(progressText({ ...progress, total: undefined, etaSeconds: undefined })).toBe('120 frames  29.1 fps  1.16x  bottleneck: abpn');
});

it('writes over itself on a terminal, no wider than it, and clears up', () => {
  const { stream, text } = terminal(30);
  const line = new ProgressLine(stream, true);
  line.show(progress);
  line.show(progress);
  line.clear();
  line.clear();
  expect(text()).toBe('\r\x1b[K120/250 frames  29.1 fps  1.1'.repeat(2).concat('\r\x1b[K'));
});

it('says nothing where there is no terminal', () => {
  const { stream, text } = terminal(80);
  const line = new ProgressLine(stream, false);
  line.show(progress);
  line.clear();
  expect(text()).toBe('');
});
