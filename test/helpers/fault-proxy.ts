import { connect, createServer, type Socket } from 'node:net';

/** Between two ends of TCP connections: passes bytes on, until it is told to do worse. */
export class FaultProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server;
  #holding = false;

  private constructor(to: number) {
    this.#server = createServer((near) => {
      const far = connect(to, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one
          .on('error', () => {})
          .on('close', () => {
            this.#sockets.delete(one);
            other.destroy();
          });
        one.on('data', (bytes) => {
          // What the other end does not take is not read: pressure passes through.
          if (!other.write(bytes)) one.pause();
        });
        other.on('drain', () => this.#holding || one.resume());
        if (this.#holding) one.pause();
      }
    });
  }

  /** In front of a server on `port` of this machine. */
  static async start(port: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Connections stay, and nothing moves in either direction. */
  hold(): void {
    this.#holding = true;
    for (const socket of this.#sockets) socket.pause();
  }

  release(): void {
    this.#holding = false;
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
