// A Redis server of a measurement's or a test's own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { freePort } from './free-port.mjs';

/**
 * Starts redis-server with its data in a folder, which is made.
 * @returns its `url`; `restart`, which kills it and starts it again at the same address with its data; `flush`, which makes it forget
 * everything; `stop`
 */
export async function startRedis(folder) {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  let server = await start(port, folder);
  const stop = async () => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    restart: async () => {
      await stop();
      server = await start(port, folder);
    },
    flush: async () => {
      const [code] = await once(spawn('redis-cli', ['-p', `${port}`, 'flushall'], { stdio: 'ignore' }), 'exit');
      if (code !== 0) throw new Error(`redis-cli ended with ${code}`);
    },
    stop,
  };
}

async function start(port, folder) {
  const args = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  server.once('error', () => {
    throw new Error('redis-server is not installed: npm test installs it, where it may');
  });
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections')) break;
  server.stdout.resume();
  return server;
}
