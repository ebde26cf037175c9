import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/** A Redis server of a test's own, which keeps its data when it is killed and started again. */
export interface RedisServer {
  readonly url: string;
  /** Kills it and starts it again at the same address. */
  restart(): Promise<void>;
  /** Makes it forget everything. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts redis-server with its data in a folder. */
export async function startRedis(folder: string): Promise<RedisServer> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  let server = await start(port, folder);
  const end = async () => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    restart: async () => {
      await end();
      server = await start(port, folder);
    },
    flush: async () => {
      const [code] = await once(spawn('redis-cli', ['-p', `${port}`, 'flushall'], { stdio: 'ignore' }), 'exit');
      if (code !== 0) throw new Error(`redis-cli ended with ${code}`);
    },
    stop: end,
  };
}

async function start(port: number, folder: string): Promise<ChildProcess> {
  const args = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  server.stdout.resume();
  return server;
}

/** A port at which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
