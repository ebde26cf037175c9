import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ffmpeg, temporaryFolder } from './media.js';
import type { Listener } from './relay-command.js';

const WRITE = 'a-token-that-may-write';
/** Small and without networks: where it is used, the picture is not what is tested. */
export const LIGHT = ['--preset', 'bicubic', '--scale', '2', '--workers', '1', '--budget-ms', '1000'];

/** A folder with four seconds of a test picture and a tone in three containers, and a file of tokens, one of which may write. */
export async function relayClips() {
  const folder = await temporaryFolder();
  const at = (name: string) => join(folder, name);
  const [clip, transport, webm, tokens] = [at('clip.mp4'), at('clip.ts'), at('clip.webm'), at('tokens')];
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=160x96:r=25:d=4', '-f', 'lavfi', '-i', 'sine=f=440:d=4'];
  const coded = ['-c:v', 'libx264', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest'];
  await ffmpeg(...source, ...coded, clip);
  await ffmpeg(...source, ...coded, transport);
  await ffmpeg(...source, '-c:v', 'libvpx', '-b:v', '300k', '-g', '25', '-c:a', 'libopus', '-shortest', webm);
  await writeFile(tokens, `${WRITE} write\na-token-that-may-view view\n`);
  return { folder, clip, transport, webm, tokens };
}

/** A path of the relay with the token that may write. */
export const written = (path: string) => `${path}${path.includes('?') ? '&' : '?'}token=${WRITE}`;

/** A condition for `until`: the listener has got so many messages of the stream. */
export const playing = (count: number) => (listener: Listener) => listener.binaries.length >= count && listener;
