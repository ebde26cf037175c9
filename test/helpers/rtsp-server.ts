import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { FFMPEG } from './programs.js';

/** A camera: an RTSP server (RFC 2326) of one H.264 stream, played over and over, its RTP interleaved in the connection. Ends with the test. */
export async function startRtspServer(clip: string): Promise<{ readonly port: number }> {
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  const { sender, sdp } = await packetise(clip, udp.address().port);
  const watching = new Set<Socket>();
  // Section 10.12: "$", channel, length, packet.
  udp.on('message', (packet) => {
    const head = Buffer.from([0x24, 0, packet.length >> 8, packet.length & 255]);
    for (const socket of watching) socket.write(Buffer.concat([head, packet]));
  });
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('close', () => watching.delete(socket));
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 4);
        socket.write(answerTo(request, sdp));
        if (request.startsWith('PLAY')) watching.add(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    sender.kill('SIGKILL');
    udp.close();
    server.close();
    for (const socket of watching) socket.destroy();
  });
  return { port: (server.address() as { port: number }).port };
}

/** Has ffmpeg send a clip as RTP to a port; gives what it says of the stream. */
async function packetise(clip: string, port: number): Promise<{ sender: ChildProcess; sdp: string }> {
  const output = ['-map', '0:v', '-c', 'copy', '-f', 'rtp', `rtp://127.0.0.1:${port}?pkt_size=1200`];
  const sender = spawn(FFMPEG, ['-nostdin', '-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, ...output], { stdio: ['ignore', 'pipe', 'ignore'] });
  const sdp = await new Promise<string>((resolve) => {
    let said = '';
    sender.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /(v=0[\s\S]*a=fmtp[^\n]*\n)/.exec(said)?.[1];
      if (found) resolve(found.replace(/m=video \d+/, 'm=video 0'));
    });
  });
  return { sender, sdp: `${sdp.trimEnd().replaceAll(/\r?\n/g, '\r\n')}\r\na=control:track0\r\n` };
}

function answerTo(request: string, sdp: string): string {
  const [method = '', url = ''] = request.split(' ');
  const sequence = /^CSeq: *(\d+)/im.exec(request)?.[1] ?? '0';
  const lines = ['RTSP/1.0 200 OK', `CSeq: ${sequence}`];
  if (method === 'OPTIONS') lines.push('Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER');
  if (method === 'SETUP') lines.push('Session: 1', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
  if (method === 'PLAY') lines.push('Session: 1', 'Range: npt=0.000-');
  if (method !== 'DESCRIBE') return `${lines.join('\r\n')}\r\n\r\n`;
  return `${[...lines, `Content-Base: ${url}/`, 'Content-Type: application/sdp', `Content-Length: ${sdp.length}`].join('\r\n')}\r\n\r\n${sdp}`;
}
