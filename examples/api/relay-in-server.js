// A live relay within a server that has answers of its own: node relay-in-server.js in.mp4, then open the address.
// With Express the same two lines do: app.use(relay.handle) and server.on('upgrade', relay.upgrade).
import { createServer } from 'node:http';
import { mountRelay } from 'srvid/relay';

const [input, port = '8080', preset = 'live-1080p'] = process.argv.slice(2);
const relay = await mountRelay({ path: '/live', streams: { main: { input, loop: true, preset } }, onMessage: (message) => console.error(message) });

/** The least of what Express does: handlers in order, each of which answers or passes on. */
const handlers = [relay.handle, (_request, response) => response.end('Home. The stream is at /live/')];
const server = createServer((request, response) => {
  const pass = (index) => handlers[index]?.(request, response, () => pass(index + 1));
  pass(0);
});
server.on('upgrade', (request, socket, head) => relay.upgrade(request, socket, head) || socket.destroy());
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/live/`));

process.once('SIGTERM', async () => {
  await relay.close();
  server.close();
});
