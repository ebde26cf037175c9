import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { messageOf, SrvidError } from '../../errors.js';
import { wallClockMs } from '../source/wall-clock.js';
import type { Connection } from './connection.js';
import { sessionOf } from './sessions.js';

/** Bytes that may wait for the disk. Beyond them lines are left out, so that a full disk does not cost memory. */
const MOST_WAITING = 1 << 20;
/** With O_NONBLOCK a FIFO that nobody reads is an error, and not a wait. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/**
 * Writes one line of JSON for each request and each session to a file, or to standard output (`-`). Lines are appended.
 * After `reopen` they go to a new file of the same name, as tools that rotate logs expect.
 */
export class AccessLog {
  #file: FileHandle | undefined;
  #waiting: string[] = [];
  #bytes = 0;
  #left = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(private readonly path: string) {}

  /** @throws SRVID_OPTION_INVALID if the file cannot be written */
  static async open(path: string): Promise<AccessLog> {
    const log = new AccessLog(path);
    await log.reopen();
    return log;
  }

  /** Adds a line, with the present time first. Does not wait for it to be written. */
  write(entry: Readonly<Record<string, unknown>>): void {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry, ...(this.#left > 0 ? { linesLeftOut: this.#left } : {}) })}\n`;
    if (this.#bytes + line.length > MOST_WAITING) {
      this.#left++;
      return;
    }
    this.#left = 0;
    this.#bytes += line.length;
    this.#waiting.push(line);
    if (this.#waiting.length === 1) this.#writing = this.#writing.then(() => this.#flush());
  }

  /** Opens the file anew. @throws SRVID_OPTION_INVALID if it cannot be written; the log then goes on as before */
  async reopen(): Promise<void> {
    if (this.path === '-') return;
    const file = await open(this.path, APPEND, 0o640).catch((error: unknown) => {
      throw new SrvidError(
        'SRVID_OPTION_INVALID',
        `Tried to write the access log ${this.path}, but: ${messageOf(error)}. Give --access-log a file that can be written.`,
      );
    });
    await this.#writing;
    const before = this.#file;
    this.#file = file;
    await before?.close();
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #flush(): Promise<void> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    if (this.path === '-') process.stdout.write(text);
    else await this.#file?.appendFile(text).catch(() => {}); // A disk that is full must not end the relay.
    this.#bytes -= text.length;
  }
}

/** The fields of a request in the log. The query is left out, since it may hold a token. */
export function asked({ method, url = '', socket, headers }: IncomingMessage): Readonly<Record<string, unknown>> {
  const path = url.replace(/[?#].*$/s, '').slice(0, 200);
  return { address: socket.remoteAddress ?? '', method, path, agent: headers['user-agent']?.slice(0, 200) };
}

/** The fields of a session in the log. */
export function logged(connection: Connection): Readonly<Record<string, unknown>> {
  const { id, since, bytesWaiting, ...session } = sessionOf(connection);
  return { session: id, ...session, seconds: Number(((wallClockMs() - connection.since) / 1000).toFixed(1)) };
}
