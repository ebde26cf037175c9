// Records a relay's stream: node record.js ws://127.0.0.1:8787/live/main out.mp4 [seconds of each file]
// Each fragment is written when it arrives, after its init segment. So the file is a playable MP4 at any moment, even if the power fails.
// If size or source changes, a new file is started: out-2.mp4, out-3.mp4 ...

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect } from 'srvid/client';
import { WebSocket } from 'ws';

const [address, output, seconds = 'Infinity'] = process.argv.slice(2);
if (!address || !output) throw new Error('Usage: node record.js ADDRESS OUTPUT.mp4 [SECONDS]');

// Node 22 has a WebSocket, Node 20 needs the one of the package ws.
const client = connect(address, { WebSocket, token: process.env.SRVID_TOKEN });
process.once('SIGINT', () => client.close());
client.on('state', ({ state, message }) => console.error(`${state}: ${message ?? ''}`));
client.on('close', ({ reason, retryInMs }) => retryInMs && console.error(`lost (${reason || 'no reason given'}), again in ${retryInMs} ms`));

let file;
let parts = 0;
let init;
let since;
for await (const fragment of client) {
  if (fragment.init !== init) {
    // The first fragment of an init segment is always a keyframe.
    init = fragment.init;
    since = fragment.time;
    file?.end();
    parts += 1;
    const path = parts === 1 ? output : output.replace(/(\.[^.]*)?$/, `-${parts}$1`);
    file = createWriteStream(path, { flags: 'wx' });
    file.write(init.data);
    console.error(`${path}: ${init.hello.width}x${init.hello.height}, ${init.hello.mime}`);
  }
  if (fragment.gap) console.error(`${fragment.gap.fragments} fragments are missing before ${fragment.time} s`);
  if (!file.write(fragment.data)) await once(file, 'drain');
  if (fragment.time + fragment.duration - since >= Number(seconds)) break;
}
client.close();
file?.end();
