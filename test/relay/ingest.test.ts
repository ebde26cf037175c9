import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SrvidError } from '../../dist/errors.js';
import { Tokens } from '../../dist/relay/server/tokens.js';
import { fuzzCases, randomBytes } from '../helpers/random.js';
import { Client, eventually, PlainStream, refusalOf, startRelay } from '../helpers/relay.js';

const WRITE = 'write-0123456789abcdef';
const tokens = Tokens.parse(`${WRITE} write`, 'test');

/** A relay whose stream takes what is pushed as `onIngest` does. */
async function pushable(onIngest: (bytes: Readable) => Promise<void>) {
  const stream = new PlainStream();
  stream.onIngest = onIngest;
  const relay = await startRelay({ tokens, limits: { maxIngestBytes: 64 << 10, maxIngestMessageBytes: 256 << 10, attemptBurst: 1e9 } }, stream);
  return { ...relay, address: `${relay.url}/ingest/main?token=${WRITE}` };
}

/** Reads to the end and gives the hash of it all. */
async function hashOf(bytes: Readable): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of bytes) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const opened = (client: Client) => new Promise<void>((resolve) => client.socket.once('open', () => resolve()));

test('what is pushed in messages of any size arrives as one run of bytes, and ends when the pusher leaves', async () => {
  let taken: Promise<string> = Promise.resolve('');
  const { address } = await pushable(async (bytes) => {
    taken = hashOf(bytes);
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 12 }), async (sizes) => {
      const pusher = new Client(address);
      await pusher.until(({ texts }) => texts.length > 0);
      expect(pusher.texts).toEqual([{ type: 'ready' }]);
      const hash = createHash('sha1');
      for (const [index, size] of sizes.entries()) {
        const message = randomBytes(index, size);
        hash.update(message);
        pusher.socket.send(message);
      }
      pusher.socket.close();
      await pusher.closed;
      expect(await taken).toBe(hash.digest('hex'));
    }),
    { numRuns: fuzzCases(30, 0.01) },
  );
});

test('a stream that does not read is not read for: what waits here is bounded, and all of it arrives once it reads', async () => {
  let source: Readable | undefined;
  const { address } = await pushable(async (bytes) => {
    source = bytes;
  });
  const pusher = new Client(address);
  await opened(pusher);
  const message = randomBytes(1, 200 << 10);
  const hash = createHash('sha1');
  for (let index = 0; index < 100; index++) {
    pusher.socket.send(message);
    hash.update(message);
  }
  await eventually(() => (source?.readableLength ?? 0) > 0);
  // The pusher's own end fills up, since nobody takes what it sends.
  let before = -1;
  await eventually(() => {
    const settled = pusher.socket.bufferedAmount === before;
    before = pusher.socket.bufferedAmount;
    return settled;
  });
  expect(pusher.socket.bufferedAmount).toBeGreaterThan(0);
  expect(source?.readableLength).toBeLessThanOrEqual((64 << 10) + message.length);
  const taken = hashOf(source as Readable);
  pusher.socket.close();
  expect(await taken).toBe(hash.digest('hex'));
});

test('one pusher a stream; when it has left, the next may come', async () => {
  const { address } = await pushable(async (bytes) => void bytes.resume());
  const first = new Client(address);
  await opened(first);
  expect(await refusalOf(address)).toBe(409);
  first.socket.terminate();
  await eventually(() => first.socket.readyState === 3);
  let next = new Client(address);
  await Promise.race([opened(next), next.closed]);
  while (next.socket.readyState !== 1) {
    next = new Client(address);
    await Promise.race([opened(next), next.closed]);
  }
  expect(await refusalOf(address)).toBe(409);
});

test('a stream that takes no pusher says why, and the connection is closed', async () => {
  const { address, stream } = await pushable(async () => {});
  stream.refusal = new SrvidError('SRVID_INPUT_UNREADABLE', 'This is nothing that ffmpeg can read.');
  const pusher = new Client(address);
  expect((await pusher.closed).code).toBe(1008);
  expect(pusher.texts).toEqual([{ type: 'error', code: 'SRVID_INPUT_UNREADABLE', message: 'This is nothing that ffmpeg can read.' }]);
});

test('what turns out to be broken later ends the connection, too, and the reason is told', async () => {
  const { address } = await pushable(async (bytes) => {
    bytes.once('data', () => bytes.destroy(new SrvidError('SRVID_DECODE_FAILED', 'ffmpeg stopped.')));
  });
  const pusher = new Client(address);
  await opened(pusher);
  pusher.socket.send(randomBytes(1, 1000));
  expect((await pusher.closed).code).toBe(1008);
  expect(pusher.texts.at(-1)).toEqual({ type: 'error', code: 'SRVID_DECODE_FAILED', message: 'ffmpeg stopped.' });
});

test('a reason is told though the stream has given the bytes up before', async () => {
  const { address } = await pushable(async (bytes) => {
    bytes.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new SrvidError('SRVID_INPUT_UNREADABLE', 'This is no video.');
  });
  const pusher = new Client(address);
  expect(await pusher.closed).toEqual({ code: 1008, reason: 'This is no video.' });
  expect(pusher.texts).toEqual([{ type: 'error', code: 'SRVID_INPUT_UNREADABLE', message: 'This is no video.' }]);
});

test('a stream that has taken enough lets the pusher go', async () => {
  const { address } = await pushable(async (bytes) => {
    bytes.once('data', () => bytes.destroy());
  });
  const pusher = new Client(address);
  await opened(pusher);
  pusher.socket.send(randomBytes(1, 1000));
  expect((await pusher.closed).code).toBe(1000);
});

/** A pusher to a stream that takes everything, and whether that stream has ended. */
async function pushedToItsEnd(): Promise<{ pusher: Client; ended: () => boolean }> {
  let ended = false;
  const { address } = await pushable(async (bytes) => {
    bytes.resume().once('end', () => {
      ended = true;
    });
  });
  const pusher = new Client(address);
  await opened(pusher);
  return { pusher, ended: () => ended };
}

test.each<[string, (client: Client) => void, number]>([
  ['text', (client) => client.say('hello'), 1008],
  ['a message that is too long', (client) => client.socket.send(Buffer.alloc(300 << 10)), 1009],
])('a pusher that sends %s is closed, and its stream has ended', async (_, misbehave, code) => {
  const { pusher, ended } = await pushedToItsEnd();
  misbehave(pusher);
  expect((await pusher.closed).code).toBe(code);
  await eventually(ended);
});

test('a pusher that vanishes ends the stream', async () => {
  const { pusher, ended } = await pushedToItsEnd();
  pusher.socket.send(Buffer.alloc(1000));
  pusher.socket.terminate();
  await eventually(ended);
});
