import { connect } from '../../client/client.js';
import type { HelloMessage } from '../../client/messages.js';
import { MediaSourcePlayer } from '../../client/player.js';
import { Comparison } from './comparison.js';
import { element, sizeText } from './element.js';
import { Figures } from './figures.js';
import { Gestures } from './gestures.js';
import { Loupe } from './loupe.js';
import { Split } from './split.js';
import { StateView } from './state.js';
import { findStream } from './stream-address.js';
import { Switches } from './switches.js';
import { Tools } from './tools.js';
import { Zoom } from './zoom.js';

await start();

/** Sets up the page: a client and player for the result. The source gets a second pair while it is shown. */
async function start(): Promise<void> {
  const address = await findStream();
  const client = connect(address.url, { token: address.token, pauseWhileHidden: true });
  const player = new MediaSourcePlayer(element('after', HTMLVideoElement), client);
  const split = new Split();
  const comparison = new Comparison(player, split, address);
  const zoom = new Zoom();
  const loupe = new Loupe(split, zoom);
  new Gestures(split, zoom, loupe);
  const state = new StateView(client, player, address.name);
  const tools = new Tools({ player, comparison, zoom, loupe, state });
  new Switches(client);
  new Figures(player);
  client.on('hello', (hello) => {
    describeStream(hello);
    tools.update(hello);
    comparison.offer(hello.rendition === 'sr' && hello.renditions.includes('source'));
  });
}

function describeStream({ stream, source, width, height, fps }: HelloMessage): void {
  document.title = `${stream} – srvid`;
  element('stream', HTMLElement).textContent = stream;
  element('sizes', HTMLElement).textContent = `${sizeText(source)} → ${sizeText({ width, height })} at ${Math.round(fps * 100) / 100} fps`;
  element('before-size', HTMLElement).textContent = sizeText(source);
  element('after-size', HTMLElement).textContent = sizeText({ width, height });
  const { style } = document.documentElement;
  style.setProperty('--width', String(width));
  style.setProperty('--height', String(height));
}
