import { type Command, InvalidArgumentError } from 'commander';
import { SrvidError } from '../errors.js';
import { loadRelayConfig, parseStream, type StreamRequests } from '../relay/config.js';
import { loadPage } from '../relay/page.js';
import { startRelay } from '../relay/relay.js';
import { Tokens } from '../relay/tokens.js';
import { collect, list, number, size } from './run-options.js';

interface RelayFlags extends Readonly<Record<string, unknown>> {
  readonly listen: { readonly host: string; readonly port: number };
  readonly name: string;
  readonly config?: string;
  readonly tokenFile?: string;
  readonly allowOrigin?: readonly string[];
  readonly maxViewers?: number;
  readonly quiet?: boolean;
}

/** Declares `srvid relay <input> [options]`. */
export function addRelayOptions(command: Command): Command {
  return command
    .description('super-resolve a live stream for viewers in browsers (docs/relay.md)')
    .argument(
      '[input]',
      'a URL (rtsp, rtmp, srt, http, udp ...), a capture device (v4l2:/dev/video0), a file, - for standard input, push for what a client sends',
    )
    .option('--config <file>', 'several streams from a JSON file, instead of <input>')
    .option('--listen <host:port>', 'where to listen', address, { host: '127.0.0.1', port: 8787 })
    .option('--name <name>', "the stream's name in addresses", 'main')
    .option('--loop', 'begin a file anew when it ends')
    .option('--on-demand', 'run only while somebody watches')
    .option('--preset <name|file>', 'what to run (default: live-1080p)')
    .option('--scale <n>', "enlarge n times, instead of to the preset's height", number)
    .option('--size <WxH>', 'enlarge to exactly this size', size)
    .option('--height <n>', 'enlarge to this height, keeping the aspect', number)
    .option('--budget-ms <n>', "from a frame's arrival to the encoder (default: 120)", number)
    .option('--policy <name>', 'for frames without time: bypass, drop-oldest, drop-newest or block (default: bypass)')
    .option('--levels <names>', 'networks to choose among, such as abpn,xlsr', list)
    .option('--bitrate <n>', 'at most so many bits a second: 8M, 800k (default: 8M)')
    .option('--record <file>', 'write what viewers get to a file, too')
    .option('--token-file <file>', 'who may view and who may write; needed to listen elsewhere than at this machine')
    .option('--allow-origin <url>', 'a page of this origin may connect, too (repeatable)', collect)
    .option('--max-viewers <n>', 'at most so many at once (default: 100)', number)
    .option('--input-format <name>', 'kind of stream that the input is, where its bytes do not say it')
    .option('--allow-references', 'let a file name other files to open: playlists, scripts, numbered pictures')
    .option('--max-pixels <n>', 'refuse frames of more pixels (default: 35389440, 8K)', number)
    .option('--deinterlace <mode>', 'auto or off (default: auto)')
    .option('--workers <n>', 'threads that run networks (default: measured once on this machine)', number)
    .option('--threads <n>', 'threads inside each run of a network (default: measured once on this machine)', number)
    .option('--precision <p>', 'auto, int8 or fp32 (default: auto)')
    .option('--device <name>', 'cpu, cuda, webgpu, coreml or dml (default: cpu)')
    .option('--models <dir>', "networks from this folder's manifest.json instead of srvid's own")
    .option('-q, --quiet', 'say nothing but errors');
}

/** Runs a relay until it is interrupted, or everything that it relays has ended. */
export async function runRelay(input: string | undefined, flags: RelayFlags, interrupt: AbortSignal): Promise<void> {
  const { listen, tokenFile, allowOrigin, maxViewers, quiet } = flags;
  const say = (text: string) => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  const streams = await streamsOf(input, flags);
  const tokens = tokenFile === undefined ? undefined : await Tokens.read(tokenFile);
  const relay = await startRelay({ ...listen, streams, tokens, maxViewers, allowOrigins: allowOrigin ?? [], assets: await loadPage(), tell: say });
  const host = relay.host.includes(':') ? `[${relay.host}]` : relay.host;
  say(`watch: http://${host}:${relay.port}/`);
  for (const name of Object.keys(streams)) say(`stream: ws://${host}:${relay.port}/live/${name}`);
  const interrupted = new Promise<void>((resolve) => {
    if (interrupt.aborted) resolve();
    interrupt.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([interrupted, relay.ended]);
  await relay.close();
}

async function streamsOf(input: string | undefined, flags: RelayFlags): Promise<StreamRequests> {
  if ((input === undefined) === (flags.config === undefined))
    throw new SrvidError('SRVID_OPTION_INVALID', 'A relay needs either an input or --config with several of them, and not both.');
  if (flags.config !== undefined) return loadRelayConfig(flags.config);
  const { listen, name, config, tokenFile, allowOrigin, maxViewers, quiet, ...stream } = flags;
  return { [name]: parseStream({ ...stream, input }) };
}

function address(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:8787 or [::1]:8787.');
  return { host: match[1] ?? (match[2] as string), port };
}
