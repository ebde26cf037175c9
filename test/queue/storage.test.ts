import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../bench/free-port.mjs';
import { openStorage } from '../../dist/queue/open-storage.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';
import { type S3Server, startS3 } from '../helpers/s3.js';

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
let s3: S3Server;

beforeAll(async () => {
  s3 = await startS3(at('s3'), 'pieces');
  await mkdir(at('share'));
  await writeFile(at('a'), Buffer.alloc(3_000_000, 'a'));
  await writeFile(at('b'), 'b');
});
afterAll(() => s3.stop());

const SHARES = [
  ['a folder', () => at('share')],
  ['a bucket', () => 's3://pieces'],
  ['a part of a bucket', () => 's3://pieces/some/part/'],
] as const;

test.each(SHARES)('%s gives back the bytes that were stored, and forgets what is removed', async (_, share) => {
  const storage = await openStorage(share());
  expect(await storage.sizeOf('job/1.mkv')).toBeUndefined();
  await storage.put(at('a'), 'job/1.mkv');
  await storage.put(at('b'), 'job/2.mkv');
  await storage.put(at('b'), 'job-2/1.mkv');
  expect(await storage.sizeOf('job/1.mkv')).toBe(3_000_000);
  await storage.get('job/1.mkv', at('back'));
  expect((await readFile(at('back'))).equals(await readFile(at('a')))).toBe(true);
  await storage.put(at('b'), 'job/1.mkv');
  await storage.get('job/1.mkv', at('back'));
  expect(await readFile(at('back'), 'utf8')).toBe('b');
  await storage.removeAll('job');
  expect(await Promise.all(['job/1.mkv', 'job/2.mkv', 'job-2/1.mkv'].map((key) => storage.sizeOf(key)))).toEqual([undefined, undefined, 1]);
});

test.each(SHARES)('%s says what it was asked for where that is not there, and leaves no file', async (_, share) => {
  const storage = await openStorage(share());
  const { code, message } = await failureOf(() => storage.get('none/1.mkv', at('never')));
  expect(code).toBe('SRVID_SHARE_FAILED');
  expect(message).toContain('none/1.mkv');
  expect(await readdir(folder)).not.toContain('never');
});

test.each([
  ['a folder that is not there', () => at('none'), 'no such file or folder'],
  ['a bucket that is not there', () => 's3://nosuchbucket', 'NoSuchBucket'],
  ['a server that is not there', () => 's3://pieces', 'ECONNREFUSED'],
])('%s is refused when it is opened', async (_, share, said) => {
  if (said === 'ECONNREFUSED') vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${await freePort()}`);
  const { code, message } = await failureOf(() => openStorage(share()));
  vi.unstubAllEnvs();
  s3.enter();
  expect(code).toBe('SRVID_SHARE_FAILED');
  expect(message).toContain(said);
});

test('a server of buckets that is busy is asked again', async () => {
  let refused = 0;
  const { hostname, port } = new URL(s3.url);
  const server = createServer((incoming, answer) => {
    if (refused < 2) {
      refused++;
      answer.writeHead(503).end();
      return;
    }
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const storage = await openStorage('s3://pieces');
  await storage.put(at('b'), 'again/1.mkv');
  expect(await storage.sizeOf('again/1.mkv')).toBe(1);
  expect(refused).toBe(2);
  server.close();
});
