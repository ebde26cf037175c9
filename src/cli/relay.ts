import { type Command, InvalidArgumentError } from 'commander';
import { messageOf, SrvidError } from '../errors.js';
import { POLICIES } from '../options/table.js';
import type { StreamRequests } from '../relay/config.js';
import type { Relay } from '../relay/relay.js';
import type { AccessLog } from '../relay/server/access-log.js';
import { addOptions, type CommandOption, collect, sessionOption } from './add-options.js';
import { requestFrom } from './run-options.js';
import { plain } from './terminal.js';

const MOST_VIEWERS = 100_000;

/** Gives SIGHUP a meaning other than to end the command. */
export type HangUp = (act: () => void) => void;

interface RelayFlags extends Readonly<Record<string, unknown>> {
  readonly listen: { readonly host: string; readonly port: number };
  readonly name: string;
  readonly config?: string;
  readonly loop?: boolean;
  readonly onDemand?: boolean;
  readonly bitrate?: string;
  readonly record?: string;
  readonly tokenFile?: string;
  readonly allowOrigin?: readonly string[];
  readonly maxViewers?: number;
  readonly maxViewersPerAddress?: number;
  readonly accessLog?: string;
  readonly quiet?: boolean;
}

const OPTIONS: readonly CommandOption[] = [
  { flag: '--config <file>', group: 'Input', help: 'several streams from a JSON file, instead of <input>' },
  { flag: '--name <name>', group: 'Input', help: "the stream's name in addresses", fallback: 'main', value: 'main' },
  { flag: '--loop', form: 'switch', group: 'Input', help: 'repeat a file when it ends' },
  { flag: '--on-demand', form: 'switch', group: 'Input', help: 'run only while somebody watches' },
  sessionOption('inputFormat', { group: 'Input', help: 'format of the input, if its bytes do not show it' }),
  sessionOption('allowReferences', { group: 'Input', help: 'allow inputs that open other files: playlists, scripts, numbered pictures' }),
  sessionOption('maxPixels', { group: 'Input' }),
  sessionOption('deinterlace', { group: 'Input', help: 'auto or off' }),
  sessionOption('preset', { group: 'Processing', help: 'preset to run', fallback: 'live-1080p' }),
  sessionOption('model', { group: 'Processing' }),
  sessionOption('plugins', { group: 'Processing' }),
  sessionOption('pluginsBefore', { group: 'Processing' }),
  sessionOption('onPluginError', { group: 'Processing', help: 'fail: the stream begins anew; bypass: the frame passes without the plugin' }),
  sessionOption('scale', { group: 'Processing', help: "enlarge n times, instead of to the preset's height", fallback: undefined }),
  sessionOption('size', { group: 'Processing' }),
  sessionOption('height', { group: 'Processing' }),
  sessionOption('models', { group: 'Processing' }),
  sessionOption('budgetMs', { group: 'Real time', help: "milliseconds from a frame's arrival to the encoder", fallback: '120' }),
  sessionOption('policy', { group: 'Real time', help: `for frames without time: ${POLICIES}` }),
  sessionOption('levels', { group: 'Real time', help: 'networks to choose among, such as abpn,xlsr', fallback: undefined }),
  sessionOption('workers', { group: 'Speed' }),
  sessionOption('threads', { group: 'Speed' }),
  sessionOption('precision', { group: 'Speed', fallback: 'auto' }),
  sessionOption('engine', { group: 'Speed', fallback: 'auto' }),
  sessionOption('device', { group: 'Speed' }),
  { flag: '--bitrate <n>', group: 'Output', help: 'highest bitrate in bits a second, such as 8M or 800k', fallback: '8M' },
  { flag: '--record <file>', group: 'Output', help: 'also record the output to a file' },
  {
    flag: '--listen <host:port>',
    group: 'Viewers',
    help: 'address to listen at',
    fallback: '127.0.0.1:8787',
    parse: address,
    value: { host: '127.0.0.1', port: 8787 },
  },
  { flag: '--token-file <file>', group: 'Viewers', help: 'tokens of viewers and writers; required to listen at an address that other machines can reach' },
  { flag: '--allow-origin <url>', group: 'Viewers', help: 'let pages of this origin connect, too (repeatable)', parse: collect },
  { flag: '--max-viewers <n>', form: 'number', group: 'Viewers', help: 'most viewers at once', fallback: '100' },
  { flag: '--max-viewers-per-address <n>', form: 'number', group: 'Viewers', help: 'most viewers of one address', fallback: 'half of --max-viewers, or 4' },
  { flag: '--access-log <file>', group: 'Messages', help: 'add a line of JSON for each request and session to a file, or - for standard output' },
  { flag: '-q, --quiet', form: 'switch', group: 'Messages', help: 'print errors only' },
];

/** Declares `srvid relay <input> [options]`. */
export function addRelayOptions(command: Command): Command {
  command.description('super-resolve a live stream for viewers in browsers (docs/relay.md)');
  command.argument(
    '[input]',
    'a URL (rtsp, rtmp, srt, http, udp ...), a capture device (v4l2:/dev/video0), a file, - for standard input, push for a stream that a client sends',
  );
  return addOptions(command, OPTIONS);
}

/** Runs a relay until it is interrupted, or all its streams have ended. */
export async function runRelay(
  input: string | undefined,
  flags: RelayFlags,
  { interrupt, onHangUp }: { readonly interrupt: AbortSignal; readonly onHangUp: HangUp },
): Promise<void> {
  const { listen, tokenFile, allowOrigin, maxViewers, maxViewersPerAddress, accessLog, quiet } = flags;
  checkCount('--max-viewers', maxViewers);
  checkCount('--max-viewers-per-address', maxViewersPerAddress);
  const say = (text: string) => {
    if (!quiet) process.stderr.write(`${plain(text)}\n`);
  };
  const [{ startRelay }, { loadPage }, { Tokens }, { AccessLog }] = await Promise.all([
    import('../relay/relay.js'),
    import('../relay/server/page.js'),
    import('../relay/server/tokens.js'),
    import('../relay/server/access-log.js'),
  ]);
  const streams = await streamsOf(input, flags);
  const tokens = tokenFile === undefined ? undefined : await Tokens.read(tokenFile);
  const log = accessLog === undefined ? undefined : await AccessLog.open(accessLog);
  const relay = await startRelay({
    ...{ ...listen, streams, tokens, maxViewers, maxViewersPerAddress, tell: say },
    allowOrigins: allowOrigin ?? [],
    assets: await loadPage(),
    log: log && ((entry) => log.write(entry)),
  });
  if (tokenFile !== undefined || log) onHangUp(() => void readAgain({ tokenFile, log, relay, say }));
  const host = relay.host.includes(':') ? `[${relay.host}]` : relay.host;
  say(`watch: http://${host}:${relay.port}/`);
  for (const name of Object.keys(streams)) say(`stream: ws://${host}:${relay.port}/live/${name}`);
  const interrupted = new Promise<void>((resolve) => {
    if (interrupt.aborted) resolve();
    interrupt.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([interrupted, relay.ended]);
  } finally {
    await relay.close();
    await log?.close();
  }
}

/** Reads the tokens again and begins a new file of the log. What cannot be read stays as it was. */
async function readAgain({ tokenFile, log, relay, say }: ReadAgain): Promise<void> {
  try {
    const { Tokens } = await import('../relay/server/tokens.js');
    if (tokenFile !== undefined) relay.useTokens(await Tokens.read(tokenFile));
    await log?.reopen();
    say(`read again: ${[...(tokenFile === undefined ? [] : ['tokens']), ...(log ? ['access log'] : [])].join(', ')}`);
  } catch (error) {
    say(`Nothing has changed: ${messageOf(error)}`);
  }
}

interface ReadAgain {
  readonly tokenFile: string | undefined;
  readonly log: AccessLog | undefined;
  readonly relay: Relay;
  readonly say: (text: string) => void;
}

function checkCount(flag: string, count: number | undefined): void {
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= MOST_VIEWERS))
    throw new SrvidError('SRVID_OPTION_INVALID', `${flag} is a whole number from 1 to ${MOST_VIEWERS}, but ${count} was given.`);
}

async function streamsOf(input: string | undefined, flags: RelayFlags): Promise<StreamRequests> {
  if ((input === undefined) === (flags.config === undefined))
    throw new SrvidError('SRVID_OPTION_INVALID', 'A relay needs either an input or --config with several of them, and not both.');
  const { checkName, loadRelayConfig, parseStream } = await import('../relay/config.js');
  if (flags.config !== undefined) return loadRelayConfig(flags.config);
  const { name, loop, onDemand, bitrate, record } = flags;
  checkName(name);
  return { [name]: parseStream({ ...requestFrom(flags), input, loop, onDemand, bitrate, record }) };
}

function address(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:8787 or [::1]:8787.');
  return { host: match[1] ?? (match[2] as string), port };
}
