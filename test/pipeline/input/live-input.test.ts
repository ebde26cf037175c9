import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLiveInput, scrubbed, shownUrl } from '../../../dist/pipeline/input/live-input.js';

const plain = { loop: false };

test.each([
  ['rtsp://cam.lan:8554/live', 'ffmpeg', false],
  ['srt://host:9000?mode=listener', 'ffmpeg', false],
  ['https://host/live/index.m3u8', 'ffmpeg', false],
  ['udp://239.0.0.1:1234', 'ffmpeg', false],
  ['v4l2:/dev/video0', 'ffmpeg', false],
  ['-', 'standard input', true],
  ['push', 'push', true],
  ['film.mp4', 'ffmpeg', true],
])('%s is read by %s', (text, from, finite) => {
  expect(parseLiveInput(text, plain)).toMatchObject({ from, finite });
});

test('a looped file has no end, is read as its frames are taken, and is shown without its folder', () => {
  const { finite, options, url, file, shown } = parseLiveInput('films/film.mp4', { loop: true });
  expect(finite).toBe(false);
  expect(options).toContain('-stream_loop');
  expect(options).not.toContain('-re');
  expect([file, shown]).toEqual([`${process.cwd()}/films/film.mp4`, 'film.mp4']);
  expect(url).toMatch(/^file:\/.*film\.mp4$/);
});

test.each(['gopher://host/x', 'concat://a|b', 'file:///etc/passwd', 'data://x', 'subfile://x', 'ftp://host/x'])('%s is refused', (text) => {
  expect(() => parseLiveInput(text, plain)).toThrow(/cannot read/);
});

test.each(['concat:a|b', 'pipe:0', 'data:text/plain,x', 'crypto:secret', '-i', '--help'])('%s is a file of that name and nothing else', (text) => {
  const { url, options } = parseLiveInput(text, plain);
  expect(url).toBe(`file:${process.cwd()}/${text}`);
  expect(options).toEqual(expect.arrayContaining(['-protocol_whitelist', 'file']));
});

test('each protocol may open itself, what it is made of, and no files', () => {
  for (const scheme of ['rtsp', 'rtsps', 'rtmp', 'rtmps', 'srt', 'http', 'https', 'udp', 'rtp', 'tcp']) {
    const { options } = parseLiveInput(`${scheme}://host/x`, plain);
    const allowed = options[options.indexOf('-protocol_whitelist') + 1]?.split(',');
    expect(allowed).toContain(scheme);
    expect(allowed).not.toContain('file');
  }
});

/** Texts for a URL's parts, long enough not to be found by accident. */
const secret = fc.stringMatching(/^[A-Za-z0-9_~.-]{12,24}$/).filter((text) => !'rtsp://camera.example.lan:8554/...'.includes(text));

test('no user, password, path or query of a URL is ever shown, alone or in what ffmpeg says', () => {
  fc.assert(
    fc.property(fc.constantFrom('rtsp', 'rtmp', 'srt', 'https'), secret, secret, secret, secret, (scheme, user, password, key, query) => {
      const url = `${scheme}://${user}:${password}@camera.example.lan:8554/app/${key}?passphrase=${query}`;
      const input = parseLiveInput(url, plain);
      const said = [
        input.shown,
        shownUrl(url),
        scrubbed(`[tcp] Connection to ${url} failed: ${url}: refused`, input),
        scrubbed(`'${scheme}://${user}:${password}@other/${key}'`, input),
      ];
      for (const text of said) for (const hidden of [user, password, key, query]) expect(text).not.toContain(hidden);
      expect(input.shown).toBe(`${scheme}://camera.example.lan:8554/...`);
      expect(input.url).toBe(url);
    }),
  );
});

test.each([
  'rtsp://user:hunt/er2@camera.example/live',
  'rtsp://user:12/hunter2@camera.example/live',
  'rtsp://user:hunt?er2@camera.example/live',
  'rtsp://user:hunt#er2@camera.example/live',
  'rtsp:/user:hunter2@camera.example/live',
  'rtsp:user:hunter2@camera.example',
  'rtsp//user:hunter2@camera.example/live',
  ' rtsp://user:hunter2@camera.example/live',
  'rtsp://user:hunt er2@camera.example/live',
  'rtsp://user:hunt@er2@camera.example/live',
  'rtsp://user:hunter2',
  'rstp://user:hunter2@camera.example/live',
])('nothing of the secret in %s is shown, however it is mistyped', (text) => {
  const hidden = /hunt|er2|user/;
  const said = [shownUrl(text.trim())];
  try {
    const input = parseLiveInput(text, plain);
    const pieces = text.split(/[/:@?# ]+/).filter((piece) => piece.length > 1 && piece !== 'rtsp');
    said.push(input.shown, ...pieces.map((piece) => (input.file === undefined ? scrubbed(`[rtsp @ 0x5581] Failed to resolve hostname ${piece}`, input) : '')));
  } catch (error) {
    said.push((error as Error).message.replace(/In a user name.*/, ''), JSON.stringify((error as { details?: unknown }).details));
  }
  for (const line of said) expect(line).not.toMatch(hidden);
});

test('what ffmpeg says of a file names no folder', () => {
  const input = parseLiveInput('film.mp4', plain);
  expect(scrubbed(`${input.url}: Invalid data`, input)).toBe('film.mp4: Invalid data');
});
