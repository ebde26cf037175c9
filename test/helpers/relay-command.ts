import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { COMMAND, exitCodeOf } from './command.js';

type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/** Messages of one WebSocket: text as objects, binary as bytes, in order. */
export class Listener {
  readonly messages: (Message | Buffer)[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  #wake: (() => void)[] = [];

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data, isBinary) => {
      this.messages.push(isBinary ? (data as Buffer) : (JSON.parse((data as Buffer).toString()) as Message));
      this.#changed();
    });
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#changed();
    });
  }

  texts(type: string): Message[] {
    return this.messages.filter((message): message is Message => !Buffer.isBuffer(message) && message.type === type);
  }

  get binaries(): Buffer[] {
    return this.messages.filter((message) => Buffer.isBuffer(message));
  }

  /** Waits for something; fails with what came where it does not within a minute. */
  async until<T>(what: (listener: this) => T | undefined | false): Promise<T> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const found = what(this);
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline) throw new Error(`It did not come in a minute. What came: ${this.summary()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  summary(): string {
    return this.messages
      .map((message) => (Buffer.isBuffer(message) ? `${message.length} bytes` : JSON.stringify(message)))
      .join('\n')
      .slice(-3000);
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** A relay that runs as a command of its own until the test is finished. */
export class RelayCommand {
  #said = '';

  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Starts `srvid relay` at a free port and waits until it listens. */
  static async start(...args: string[]): Promise<RelayCommand> {
    const child = spawn(process.execPath, [COMMAND, 'relay', ...args, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8');
    const port = await new Promise<number>((resolve, reject) => {
      child.stderr.on('data', (text: string) => {
        said += text;
        const match = /watch: http:\/\/127\.0\.0\.1:(\d+)\//.exec(said);
        if (match) resolve(Number(match[1]));
      });
      child.once('close', (code) => reject(new Error(`srvid relay ended with ${code} and said: ${said}`)));
    });
    const relay = new RelayCommand(child, port);
    relay.#said = said;
    child.stderr.on('data', (text: string) => {
      relay.#said += text;
    });
    onTestFinished(() => relay.stop().then(() => {}));
    return relay;
  }

  /** Everything on standard error so far. */
  get said(): string {
    return this.#said;
  }

  listen(path = '/live/main'): Listener {
    return new Listener(new WebSocket(`ws://127.0.0.1:${this.port}${path}`, 'srvid.v1'));
  }

  async json<T = Record<string, unknown>>(path: string): Promise<T> {
    return (await (await fetch(`http://127.0.0.1:${this.port}${path}`)).json()) as T;
  }

  /** Processes that it has started and that run now, by what is in their command line. */
  async children(having: string): Promise<number[]> {
    const found: number[] = [];
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const [status, line] = await Promise.all(['status', 'cmdline'].map((file) => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '')));
      if (new RegExp(`^PPid:\\s+${this.child.pid}$`, 'm').test(status as string) && line?.includes(having)) found.push(Number(entry));
    }
    return found;
  }

  /** Ctrl-C. @returns the exit code */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const closed = exitCodeOf(this.child);
    this.child.kill('SIGINT');
    return closed;
  }
}
