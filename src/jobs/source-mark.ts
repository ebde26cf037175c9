import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { openRegular } from '../bounded-file.js';
import type { Fingerprint } from './scheduler.js';

/** Bytes at each end of a file by which it is recognised: a film need not be read twice. */
const END_BYTES = 1 << 20;

/** Marks a file as it is now. @throws the system's error, or one that says that it is no regular file */
export async function fingerprintOf(path: string): Promise<Fingerprint> {
  const file = await openRegular(path);
  try {
    const { size, mtimeMs } = await file.stat();
    const hash = createHash('sha256');
    for (const at of [0, Math.max(0, size - END_BYTES)]) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(END_BYTES, size)), 0, Math.min(END_BYTES, size), at);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { path: await realpath(path), bytes: size, changedMs: Math.floor(mtimeMs), sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** SHA-256 of a whole file, in hex. */
export async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
