// A live source whose every frame says when it was made: real pictures, with the time burned into them as black and white blocks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FFMPEG } from './programs.mjs';

/** Blocks in a row at the top left, most significant bit first, of this many pixels a side; the first one is always white, the second black. */
export const STAMP = { bits: 20, side: 24 };

/** Milliseconds since 1970, as far as the bits go. */
export const stampOf = (milliseconds) => Math.floor(milliseconds) % 2 ** STAMP.bits;

/**
 * Serves `clip` over and over at `fps` as MPEG-TS to whoever connects first to a port of this machine. Each frame is stamped as it is
 * handed to the encoder, a delay-free x264. The result has the URL and ends it.
 */
export function startStampedSource(clip, { width, height, fps, port }) {
  const decode = spawn(FFMPEG, [
    ...['-nostdin', '-v', 'error', '-stream_loop', '-1', '-i', clip, '-an'],
    ...['-vf', `scale=${width}:${height}`, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'],
  ]);
  const encode = spawn(FFMPEG, [
    ...['-nostdin', '-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', String(fps), '-i', 'pipe:0'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-crf', '20', '-g', String(fps)],
    ...['-muxdelay', '0', '-muxpreload', '0', '-flush_packets', '1', '-f', 'mpegts', `tcp://127.0.0.1:${port}?listen=1`],
  ]);
  encode.stderr.pipe(process.stderr);
  encode.stdin.on('error', () => {});
  pump(decode, encode, width, height, fps).catch(() => {});
  return {
    url: `tcp://127.0.0.1:${port}`,
    stop: () => {
      decode.kill('SIGKILL');
      encode.kill('SIGKILL');
    },
  };
}

async function pump(decode, encode, width, height, fps) {
  const size = (width * height * 3) / 2;
  let held = Buffer.alloc(0);
  let due = performance.now();
  for await (const chunk of decode.stdout) {
    held = Buffer.concat([held, chunk]);
    while (held.length >= size) {
      const frame = held.subarray(0, size);
      due += 1000 / fps;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
      stamp(frame, width, stampOf(Date.now()));
      if (!encode.stdin.write(Buffer.from(frame))) await once(encode.stdin, 'drain');
      held = held.subarray(size);
    }
  }
}

function stamp(frame, width, value) {
  const { bits, side } = STAMP;
  for (let index = -2; index < bits; index++) {
    const white = index === -2 || (index >= 0 && (value >> (bits - 1 - index)) & 1);
    for (let y = 0; y < side; y++) frame.fill(white ? 235 : 16, y * width + (index + 2) * side, y * width + (index + 3) * side);
  }
}
