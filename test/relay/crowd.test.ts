import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { afterwards, Client, encodeInto, eventually, PlainStream, startRelay } from '../helpers/relay.js';

const PICTURE = { size: '320x240', gop: 10, kilobits: 12_000, seconds: 90, live: true };
const LIMITS = { maxViewerBytes: 1 << 20, stuckMs: 3000, closeMs: 1000, attemptBurst: 100 };
const GOOD = 45;
const SLOW = 3;
const DEAF = 2;

/** Reads no more than `allowed` says, and leaves the socket unread where that is used up. */
function readSlowly(socket: WebSocket, allowed: () => number): void {
  let taken = 0;
  socket.on('message', (data) => {
    taken += (data as Buffer).length;
    if (taken >= allowed()) socket.pause();
  });
  const timer = setInterval(() => {
    if (taken < allowed()) socket.resume();
  }, 20);
  afterwards(() => clearInterval(timer));
}

/** Compares what a client gets with what the encoder wrote as it comes, so that 45 copies need not be kept. */
function follow(socket: WebSocket, written: readonly Buffer[]): { equal: number; others: number } {
  const count = { equal: 0, others: 0 };
  socket.on('message', (data, isBinary) => {
    if (isBinary && written[count.equal]?.equals(data as Buffer)) count.equal++;
    else count.others++;
  });
  return count;
}

test('of 50 viewers 45 get every byte, 3 that read at half the rate skip and play on, 2 that read nothing are closed', async () => {
  const stream = new PlainStream();
  const { url } = await startRelay({ limits: LIMITS }, stream);
  const written: Buffer[] = [];
  let writtenBytes = 0;
  const good = Array.from({ length: GOOD }, () => new Client(`${url}/live/main`, { keep: false }));
  const counts = good.map(({ socket }) => follow(socket, written));
  const slow = Array.from({ length: SLOW }, () => new Client(`${url}/live/main`));
  const deaf = Array.from({ length: DEAF }, () => new Client(`${url}/live/main`));
  await eventually(() => stream.watching === GOOD + SLOW + DEAF);
  for (const { socket } of slow) readSlowly(socket, () => writtenBytes / 2);
  for (const { socket } of deaf) socket.pause();

  const { delivery } = stream.renditions.sr;
  const rssBefore = process.memoryUsage.rss();
  let rssMost = rssBefore;
  const { pieces, child, ended } = encodeInto(stream, PICTURE, (piece) => {
    rssMost = Math.max(rssMost, process.memoryUsage.rss());
    // Sound before the first picture is not sent.
    if (piece.kind === 'fragment' && !piece.keyframe && written.length === 1) return;
    written.push(piece.bytes);
    writtenBytes += piece.bytes.length;
  });
  const hasResumed = (client: Client) =>
    client.received.slice(client.received.findIndex((message) => !Buffer.isBuffer(message) && message.type === 'gap')).length > 4;
  await eventually(() => stream.watching === GOOD + SLOW && slow.every((client) => client.texts.length > 1 && hasResumed(client)), 80);
  child.kill();
  await ended;

  await eventually(() => counts.every(({ equal }) => equal === written.length));
  expect(counts).toEqual(counts.map(() => ({ equal: written.length, others: 1 })));

  // Who reads nothing cannot be told; that it was closed shows in what the relay counts.
  expect(delivery.stuck).toBe(DEAF);

  const byStart = new Map(pieces.flatMap((piece) => (piece.kind === 'fragment' && piece.keyframe ? [[piece.startSeconds, piece.bytes]] : [])));
  for (const client of slow) {
    const gap = client.texts.find((message) => message.type === 'gap');
    const after = client.received.indexOf(gap as never) + 1;
    const first = written.indexOf(byStart.get(gap?.to as number) as Buffer);
    expect(first).toBeGreaterThan(0);
    for (let index = 0; index < 4; index++) expect((client.received[after + index] as Buffer).equals(written[first + index] as Buffer)).toBe(true);
    // Nothing is missing but what the gap says.
    expect(client.received.slice(0, after).filter((message) => Buffer.isBuffer(message)).length + (gap?.fragments ?? 0)).toBe(first);
  }
  // 50 viewers at their bound, as much again for their ends of the sockets, which are in this process, and what the test keeps.
  expect(rssMost - rssBefore).toBeLessThan(2 * (GOOD + SLOW + DEAF) * LIMITS.maxViewerBytes + (1 + SLOW) * writtenBytes);
});
