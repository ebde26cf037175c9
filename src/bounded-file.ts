import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a regular file for reading. A FIFO, which may never give anything, a device, which may never end, and a folder
 * are refused without being read.
 * @throws an Error that says what was found; the caller adds the file's name
 */
export async function openRegular(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const state = await file.stat();
    if (!state.isFile()) throw new Error(`it is ${state.isDirectory() ? 'a folder' : 'a device, a pipe or a socket'}, not a regular file`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a regular file of at most `maxBytes` bytes. A file that grows is not read beyond the limit.
 * @throws an Error that says what was found; the caller adds the file's name
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const file = await openRegular(path);
  try {
    const state = await file.stat();
    const tooLong = () => new Error(`it has more than the ${maxBytes} bytes that are read of such a file`);
    if (state.size > maxBytes) throw tooLong();
    const chunks: Buffer[] = [];
    let held = 0;
    // Files of /proc announce no size, so the file is read to its end.
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(Math.max(state.size + 1 - held, 1 << 16), maxBytes + 1 - held)));
      if (bytesRead === 0) return Buffer.concat(chunks);
      chunks.push(buffer.subarray(0, bytesRead));
      held += bytesRead;
      if (held > maxBytes) throw tooLong();
    }
  } finally {
    await file.close();
  }
}

/**
 * Parses JSON that a user or a client wrote. It refuses a field named __proto__, which would vanish silently wherever
 * fields are copied.
 * @throws an Error that says what is wrong
 */
export function parseForeignJson(text: string): unknown {
  // Editors of Windows put a byte-order mark in front, which is no part of the text (RFC 8259 §8.1).
  return JSON.parse(text.replace(/^\uFEFF/, ''), (key, value: unknown) => {
    if (key === '__proto__') throw new Error('it has a field named "__proto__", which cannot be the name of anything');
    return value;
  });
}
