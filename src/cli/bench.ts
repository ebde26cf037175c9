import { type Command, InvalidArgumentError } from 'commander';
import type { BenchCase, BenchReport } from '../bench/report.js';
import { readBounded } from '../bounded-file.js';
import { messageOf, SrvidError } from '../errors.js';
import { type EngineRequest, engine } from '../options/table.js';
import { addOptions, type CommandOption, collect, countTo, scales, sessionOption } from './add-options.js';
import { table } from './table.js';
import { plain, plainJson } from './terminal.js';

const MAX_REPORT_BYTES = 16 << 20;

interface BenchFlags {
  readonly preset?: readonly string[];
  readonly scale?: readonly number[];
  readonly frames: number;
  readonly runs: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly engine?: EngineRequest;
  readonly encoderOption?: readonly string[];
  readonly json?: boolean;
  readonly compare?: string;
  readonly chart?: string;
  readonly yes?: boolean;
}

const OPTIONS: readonly CommandOption[] = [
  sessionOption('preset', { help: 'preset to measure (repeatable)', parse: collect }),
  sessionOption('scale', { help: 'factor by which to enlarge to 1080p (repeatable)', fallback: '2 and 3', parse: scales }),
  { flag: '--frames <n>', parse: countTo(100_000), help: 'length of the clip', fallback: '150', value: 150 },
  { flag: '--runs <n>', parse: countTo(1000), help: 'number of rounds; the result is their median', fallback: '3', value: 3 },
  sessionOption('encoderOptions', { parse: collect }),
  sessionOption('workers', { fallback: undefined, parse: countTo(256) }),
  sessionOption('threads', { fallback: undefined, parse: countTo(256) }),
  sessionOption('engine', { parse: engineOf }),
  { flag: '--json', form: 'switch', help: 'as JSON' },
  { flag: '--compare <file>', help: 'show ratios to an earlier measurement, a file written by --json' },
  { flag: '--chart <file>', help: "draw where a frame's time goes, as .png or .svg" },
  sessionOption('overwrite', { help: 'overwrite the chart if it exists' }),
];

function engineOf(text: string): EngineRequest {
  const parsed = engine.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`${parsed.error.issues[0]?.message}.`);
}

/** Declares `srvid bench [clip] [options]`. */
export function addBenchOptions(command: Command): Command {
  command.description('measure this machine: each stage alone, the bound that follows, and the complete run (docs/performance.md)');
  command.argument('[clip]', 'a video to measure on (default: a bundled one)');
  return addOptions(command, OPTIONS);
}

/** Runs `srvid bench` and prints its table, or JSON. */
export async function printBench(clip: string | undefined, flags: BenchFlags, interrupt: AbortSignal): Promise<void> {
  const { json, compare, chart, yes = false } = flags;
  const [{ runBench }, { chartOf }, { Drawing }] = await Promise.all([import('../bench/bench.js'), import('../bench/chart.js'), import('./drawing.js')]);
  const earlier = compare === undefined ? undefined : await readEarlier(compare);
  const drawing = chart === undefined ? undefined : await Drawing.prepare('--chart', chart, clip ?? '-', yes);
  const report = await runBench({
    clip,
    presets: flags.preset ?? ['abpn'],
    scales: flags.scale ?? [2, 3],
    frames: flags.frames,
    rounds: flags.runs,
    encoderOptions: flags.encoderOption ?? [],
    workers: flags.workers,
    threads: flags.threads,
    engine: flags.engine ?? 'auto',
    signal: interrupt,
    onRound: (text) => process.stderr.write(`${plain(text)}\n`),
  });
  process.stdout.write(json ? `${plainJson(report, 2)}\n` : `${plain(benchText(report, earlier))}\n`);
  await drawing?.write(chartOf(report));
}

async function readEarlier(path: string): Promise<BenchReport> {
  try {
    const report = JSON.parse((await readBounded(path, MAX_REPORT_BYTES)).toString()) as BenchReport;
    if (report.v !== 1 || !Array.isArray(report.cases)) throw new Error('it is not what "srvid bench --json" writes');
    return report;
  } catch (error) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `Tried to compare with ${path}: ${messageOf(error)}. Give a file that "srvid bench --json" wrote.`,
      { path },
      error,
    );
  }
}

interface Figure {
  readonly title: string;
  readonly of: (item: BenchCase) => number;
  readonly digits: number;
}

const FIGURES: readonly Figure[] = [
  { title: 'network, core-ms a frame (1 thread)', of: ({ coreMs }) => coreMs.network, digits: 1 },
  { title: 'decode', of: ({ coreMs }) => coreMs.decode, digits: 1 },
  { title: 'encode', of: ({ coreMs }) => coreMs.encode, digits: 1 },
  { title: 'srvid beyond the network', of: ({ coreMs }) => coreMs.srvid, digits: 1 },
  { title: 'bound, fps', of: ({ boundFps }) => boundFps, digits: 1 },
  { title: 'end to end, fps', of: ({ fps }) => fps, digits: 1 },
  { title: 'without encoder, fps', of: ({ discardedFps }) => discardedFps, digits: 1 },
  { title: 'efficiency = fps / bound', of: ({ efficiency }) => efficiency, digits: 3 },
  { title: 'network, GMAC/s', of: ({ gmacPerSecond }) => gmacPerSecond, digits: 1 },
  { title: 'share of int8 peak', of: ({ peakShare }) => peakShare, digits: 3 },
  { title: 'latency of a frame, 1 thread, ms', of: ({ latencyMs }) => latencyMs.one, digits: 1 },
  { title: 'latency of a frame, 2 threads, ms', of: ({ latencyMs }) => latencyMs.two, digits: 1 },
  { title: 'start-up, s', of: ({ startupSeconds }) => startupSeconds, digits: 2 },
  { title: 'peak memory, MB', of: ({ peakRssMB }) => peakRssMB, digits: 0 },
  { title: 'event loop delay p99, ms', of: ({ eventLoopP99Ms }) => eventLoopP99Ms, digits: 1 },
];

/** Formats a report as a table with a column for each case. With `earlier`, each figure is followed by its ratio to that report's. */
export function benchText(report: BenchReport, earlier?: BenchReport): string {
  const before = report.cases.map((item) => earlier?.cases.find(({ preset, scale }) => preset === item.preset && scale === item.scale));
  const cell = ({ of, digits }: Figure, item: BenchCase, index: number) => {
    const old = before[index];
    return of(item).toFixed(digits) + (old && of(old) !== 0 ? ` (x${(of(item) / of(old)).toFixed(2)})` : '');
  };
  const rows = FIGURES.map((figure) => [figure.title, ...report.cases.map((item, index) => cell(figure, item, index))]);
  const heading = [
    '',
    ...report.cases.map(({ preset, scale, source, target, workers, threads }) => `${preset} x${scale}, ${source} to ${target}, ${workers} x ${threads}`),
  ];
  return [
    `${report.machine}; srvid ${report.srvid}, ffmpeg ${report.ffmpeg}`,
    `${report.clip}, ${report.frames} frames, medians of ${report.rounds}; encoder ${report.encoder}; int8 peak of one core ${report.peakGmacPerSecond.toFixed(0)} GMAC/s`,
    table([heading, ['engine', ...report.cases.map((item) => item.engine)], ...rows]),
    ...report.cases.map(({ preset, scale, engineReason }) => `${preset} x${scale}: ${engineReason}`),
    ...(earlier ? [`in brackets: ratio to srvid ${earlier.srvid} on ${earlier.machine}`] : []),
  ].join('\n');
}
