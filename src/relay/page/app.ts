import { type CloseEvent, connect, type RelayClient } from '../../client/client.js';
import type { HelloMessage, StateMessage } from '../../client/messages.js';
import { MediaSourcePlayer } from '../../client/player.js';
import { Comparison } from './comparison.js';
import { element, sizeText } from './element.js';
import { Figures } from './figures.js';
import { Notice } from './notice.js';
import { Split } from './split.js';
import { Switches, Tools } from './tools.js';

/** Milliseconds before "Connecting" is shown. A relay that answers sooner needs no such notice. */
const PATIENCE_MS = 700;

await start();

/** Sets up the page: a client and player for the result. The source gets a second pair while it is shown. */
async function start(): Promise<void> {
  const address = await streamAddress();
  const client = connect(address.url, { token: address.token, pauseWhileHidden: true });
  const player = new MediaSourcePlayer(element('after', HTMLVideoElement), client);
  const comparison = new Comparison(player, new Split(), address);
  const tools = new Tools(player, comparison);
  new Switches(client);
  new Figures(player);
  client.on('hello', (hello) => {
    describeStream(hello);
    tools.update(hello);
    comparison.offer(hello.rendition === 'sr' && hello.renditions.includes('source'));
  });
  tellState(client, player);
}

/** The stream in `?stream=NAME`, or the relay's first one. `?token=TOKEN` is passed on. */
async function streamAddress(): Promise<{ readonly url: URL; readonly token: string | undefined }> {
  const query = new URLSearchParams(location.search);
  const token = query.get('token') ?? undefined;
  const name = query.get('stream') ?? (await firstStream(token)) ?? 'main';
  return { url: new URL(`live/${encodeURIComponent(name)}`, new URL('.', location.href)), token };
}

async function firstStream(token: string | undefined): Promise<string | undefined> {
  try {
    const answer = await fetch('health', token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
    const { streams } = (await answer.json()) as { readonly streams?: Readonly<Record<string, string>> };
    return Object.keys(streams ?? {})[0];
  } catch {
    // If there is no relay at all, the connection will fail and say so.
    return undefined;
  }
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

type Lamp = 'connecting' | 'live' | 'waiting' | 'lost' | 'ended';

/** Shows the stream's state in the corner, and on the picture while it does not move. */
function tellState(client: RelayClient, player: MediaSourcePlayer): void {
  const notice = new Notice();
  const lamp = (state: Lamp, text: string) => {
    element('state', HTMLElement).dataset['state'] = state;
    element('state-text', HTMLElement).textContent = text;
  };
  const again = { label: 'Try again', run: () => location.reload() };
  const patience = setTimeout(() => notice.show({ title: 'Connecting' }), PATIENCE_MS);
  let interrupted = false;
  const live = () => {
    interrupted = false;
    clearTimeout(patience);
    lamp('live', 'Live');
    notice.hide();
  };

  player.on('playing', live);
  // If an interruption was shorter than the buffer, the picture never stopped: remove the notice at once.
  client.on('fragment', () => {
    if (interrupted && player.moving) live();
  });
  player.on('blocked', () => notice.show({ title: 'Ready', action: { label: 'Play', run: () => player.play() } }));
  player.on('failed', ({ message }) => {
    clearTimeout(patience);
    client.close();
    lamp('lost', 'Stopped');
    notice.show({ title: 'This cannot be played', text: message, action: again });
  });
  client.on('state', ({ state, message = '', retryInMs }: StateMessage) => {
    if (state === 'live') return live();
    if (state === 'ended') return lamp('ended', 'Ended');
    clearTimeout(patience);
    interrupted = true;
    lamp('waiting', 'Waiting');
    notice.show({ title: 'The source is away', ...(retryInMs === undefined ? { text: message } : { retryInMs }) });
  });
  client.on('close', ({ code, reason, retryInMs }: CloseEvent) => {
    clearTimeout(patience);
    interrupted = true;
    if (retryInMs !== undefined) {
      lamp('lost', 'Reconnecting');
      notice.show({ title: 'The connection was lost', retryInMs });
    } else if (code === 1000) {
      lamp('ended', 'Ended');
      notice.show({ title: 'The stream has ended', action: { ...again, label: 'Watch again' } });
    } else {
      lamp('lost', 'Stopped');
      notice.show({ title: 'The relay closed the connection', text: reason || `Code ${code}.`, action: again });
    }
  });
}
