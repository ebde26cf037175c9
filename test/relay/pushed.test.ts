import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIGHT, relayClips, written } from '../helpers/relay-clips.js';
import { RelayCommand } from '../helpers/relay-command.js';

const { transport, webm, tokens } = await relayClips();

test.each([
  ['WebM', webm],
  ['MPEG-TS', transport],
])('what a client pushes as %s is relayed; the next pusher after it, too', async (_, path) => {
  const relay = await RelayCommand.start('push', ...LIGHT, '--token-file', tokens);
  const viewer = relay.listen(written('/live/main'));
  const bytes = await readFile(path);
  for (const round of [1, 2]) {
    const pusher = relay.listen(written('/ingest/main'));
    await new Promise((resolve) => pusher.socket.once('open', resolve));
    for (let at = 0; at < bytes.length; at += 7001) pusher.socket.send(bytes.subarray(at, at + 7001));
    await pusher.until(() => pusher.texts('ready').length === 1);
    await viewer.until(() => viewer.texts('hello').length >= round);
    pusher.socket.close();
    await viewer.until(() => viewer.texts('state').filter(({ state }) => state === 'waiting').length >= round);
  }
  expect(viewer.texts('hello')[1]).toMatchObject({ width: 320, height: 192 });
});

test('what is pushed and is no video is refused with the reason, and the stream takes the next one', async () => {
  const relay = await RelayCommand.start('push', ...LIGHT, '--token-file', tokens);
  const liar = relay.listen(written('/ingest/main'));
  await new Promise((resolve) => liar.socket.once('open', resolve));
  liar.socket.send(Buffer.alloc(200_000, 'not a video '));
  liar.socket.close();
  await pushUntilReady(relay, await readFile(transport));
});

/** Pushes a stream, as often as it takes until what was pushed before is quite gone. */
async function pushUntilReady(relay: RelayCommand, bytes: Buffer): Promise<void> {
  await retried(async () => {
    const pusher = relay.listen(written('/ingest/main'));
    await new Promise<void>((resolve, reject) => pusher.socket.once('open', () => resolve()).once('unexpected-response', () => reject(new Error('refused'))));
    for (let at = 0; at < bytes.length; at += 7001) pusher.socket.send(bytes.subarray(at, at + 7001));
    await pusher.until(() => pusher.texts('ready').length === 1 || pusher.closed);
    expect(pusher.texts('ready').length).toBe(1);
    pusher.socket.close();
  });
}

/** A stream with some of its bytes turned, cut off or put elsewhere. */
const damaged = (whole: Buffer) =>
  fc
    .record({
      at: fc.array(fc.nat(whole.length - 1), { maxLength: 400 }),
      cut: fc.integer({ min: 1, max: whole.length }),
      swap: fc.tuple(fc.nat(20), fc.nat(20)),
    })
    .map(({ at, cut, swap: [a, b] }) => {
      const bytes = Buffer.from(whole.subarray(0, cut));
      for (const index of at) if (index < cut) bytes[index] = (bytes[index] as number) ^ (1 << (index % 8));
      const pieces = Array.from({ length: 21 }, (_, piece) => bytes.subarray(Math.floor((piece * cut) / 21), Math.floor(((piece + 1) * cut) / 21)));
      [pieces[a], pieces[b]] = [pieces[b] as Buffer, pieces[a] as Buffer];
      return pieces;
    });

test('whatever is pushed, the relay outlives it, leaves no process behind and takes the next one', async () => {
  const relay = await RelayCommand.start('push', ...LIGHT, '--token-file', tokens);
  const whole = await readFile(transport);
  const pushed = async (pieces: readonly Buffer[]) => {
    const pusher = relay.listen(written('/ingest/main'));
    const isOpen = await new Promise<boolean>((resolve) => pusher.socket.once('open', () => resolve(true)).once('unexpected-response', () => resolve(false)));
    for (const piece of isOpen ? pieces : []) pusher.socket.send(piece);
    if (isOpen) await pusher.until(() => pusher.closed !== undefined || pusher.socket.bufferedAmount === 0);
    pusher.socket.close();
    await pusher.until(() => pusher.closed);
    return isOpen;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        damaged(whole),
        fc.uint8Array({ minLength: 1, maxLength: 5000 }).map((bytes) => [Buffer.from(bytes)]),
      ),
      async (pieces) => {
        await retried(async () => expect(await pushed(pieces)).toBe(true)); // Until the one before is quite gone.
        expect(await relay.json(written('/health'))).toHaveProperty('streams.main');
      },
    ),
    { numRuns: 12 },
  );
  const viewer = relay.listen(written('/live/main'));
  await pushUntilReady(relay, whole);
  await viewer.until(() => viewer.texts('hello').length > 0);
  await retried(async () => expect(await relay.children('ffmpeg')).toEqual([]));
});

async function retried(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
