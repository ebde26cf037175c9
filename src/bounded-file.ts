import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Reads a regular file of at most so many bytes. A FIFO, which may never give anything, a device, which may never end, and
 * a folder are refused without being read; a file that grows is not read beyond the limit.
 * @throws an Error that says what was found, for the caller to name the file
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  // Without O_NONBLOCK the opening of a FIFO waits for somebody to write into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const state = await file.stat();
    if (!state.isFile()) throw new Error(`it is ${state.isDirectory() ? 'a folder' : 'a device, a pipe or a socket'}, not a regular file`);
    const tooLong = () => new Error(`it has more than the ${maxBytes} bytes that are read of such a file`);
    if (state.size > maxBytes) throw tooLong();
    const chunks: Buffer[] = [];
    let held = 0;
    // Files of /proc have no size beforehand, so it is read to the end.
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
 * JSON that somebody else wrote. A field named __proto__ would vanish in silence wherever fields are copied.
 * @throws an Error that says what is wrong
 */
export function parseForeignJson(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__') throw new Error('it has a field named "__proto__", which cannot be the name of anything');
    return value;
  });
}
