import type { HelloMessage, StatsMessage } from '../../client/messages.js';
import type { MediaSourcePlayer, PlayerReport } from '../../client/player.js';
import { element } from './element.js';
import { ColumnGraph, LineGraph, type Part } from './graph.js';
import { networkName, percentText, secondsText } from './words.js';

/** Milliseconds after which stats are too old for the current second. */
const STALE_MS = 2_500;
/** Number of colours for networks. Further networks share the last one. */
const COLOURS = 3;
/** Shares from which on the picture is called srvid's without a figure. A single missing frame is not worth one. */
const NEARLY_ALL = 0.95;
const MINUTE = 60;
/** Milliseconds from which on a delay is told in seconds. */
const MS_UP_TO = 9_950;

const MISSED: readonly Part[] = [
  { name: 'relay', look: 'lost-relay' },
  { name: 'connection', look: 'lost-way' },
  { name: 'browser', look: 'lost-here' },
];

/** The four graphs under the picture. Each gets one sample a second. */
export class Figures {
  readonly #share = new ColumnGraph('graph-share');
  readonly #delay = new LineGraph('graph-delay', 200, delayText);
  readonly #fps = new LineGraph('graph-fps', 30, String);
  readonly #missed = new ColumnGraph('graph-missed', 4);
  #hello: HelloMessage | undefined;
  #stats: { readonly message: StatsMessage; readonly at: number } | undefined;
  #droppedBefore: number | undefined;
  #report: PlayerReport | undefined;
  #skipped = 0;
  readonly #missedLately: number[] = [];

  constructor(private readonly player: MediaSourcePlayer) {
    const { client } = player;
    this.#missed.name(MISSED);
    client.on('hello', (hello) => this.#begin(hello));
    client.on('stats', (message) => {
      this.#stats = { message, at: performance.now() };
      this.#nameResult(message.superResolved);
    });
    client.on('gap', ({ fragments }) => {
      this.#skipped += fragments;
    });
    setInterval(() => this.#sample(), 1000);
  }

  #begin(hello: HelloMessage): void {
    // The relay's counts restart with each epoch.
    if (hello.epoch !== this.#hello?.epoch) this.#droppedBefore = undefined;
    this.#hello = hello;
    const { networks, plain } = levelsOf(hello);
    const named = networks.map((name, index) => ({ name: networkName(name), look: `network-${Math.min(index, COLOURS - 1)}` }));
    if (plain.length > 0) named.push({ name: 'only enlarged', look: 'plain' });
    this.#share.name([...named, { name: 'not shown', look: 'lost-relay' }]);
  }

  /** The tag on the picture says srvid only where a network made the picture. */
  #nameResult(share: number | null | undefined): void {
    const text = typeof share !== 'number' ? 'Result' : share >= NEARLY_ALL ? 'srvid' : share > 0 ? `srvid ${percentText(share)}` : 'Only enlarged';
    const tag = element('after-name', HTMLElement);
    tag.textContent = text;
    tag.classList.toggle('made', text.startsWith('srvid'));
  }

  #sample(): void {
    const report = this.player.report();
    const stats = this.#stats && performance.now() - this.#stats.at < STALE_MS ? this.#stats.message : undefined;
    this.#addShare(stats);
    this.#addDelay(report);
    this.#addFps(report, stats);
    this.#addMissed(report, stats);
    this.#report = report;
    this.#droppedBefore = stats?.outcomes.dropped;
    this.#skipped = 0;
  }

  #addShare(stats: StatsMessage | undefined): void {
    const { superResolved, perSecond } = stats ?? {};
    if (!stats || !this.#hello || !perSecond || typeof superResolved !== 'number') {
      this.#share.add(undefined, { text: '–', note: stats ? 'no pictures came to the relay' : 'no figures come from the relay' });
      return;
    }
    const { networks, plain } = levelsOf(this.#hello);
    const rateOf = (level: string) => perSecond.levels[level] ?? 0;
    const parts = [...networks.map(rateOf), ...(plain.length > 0 ? [plain.reduce((total, level) => total + rateOf(level), 0)] : []), perSecond.dropped];
    this.#share.add(parts, { text: percentText(superResolved), note: shareNote(superResolved, stats, networks) });
  }

  #addDelay({ latencyMs, bufferedSeconds }: PlayerReport): void {
    if (latencyMs === undefined || latencyMs < 0) this.#delay.add(undefined, { text: '–', note: 'from the relay’s input to this screen' });
    else
      this.#delay.add(latencyMs, {
        text: delayText(latencyMs),
        note: `${Math.round(bufferedSeconds * 1000)} ms of it are held in reserve here`,
      });
  }

  #addFps(report: PlayerReport, stats: StatsMessage | undefined): void {
    const shown = report.decodedFrames - report.droppedFrames;
    const before = this.#report ? this.#report.decodedFrames - this.#report.droppedFrames : undefined;
    // A new decoder counts from 0 again.
    if (before === undefined || shown < before) this.#fps.add(undefined, { text: '–', note: 'shown here' });
    else this.#fps.add(shown - before, { text: String(shown - before), note: stats ? `shown here; the source sends ${round(stats.sourceFps)}` : 'shown here' });
  }

  #addMissed(report: PlayerReport, stats: StatsMessage | undefined): void {
    const atRelay = stats && this.#droppedBefore !== undefined ? Math.max(0, stats.outcomes.dropped - this.#droppedBefore) : 0;
    const here = this.#report ? Math.max(0, report.droppedFrames - this.#report.droppedFrames) : 0;
    const parts = [atRelay, this.#skipped, here];
    this.#missedLately.push(atRelay + this.#skipped + here);
    if (this.#missedLately.length > MINUTE) this.#missedLately.shift();
    const stalls = report.stalls === 0 ? '' : `; stood still ${report.stalls}× (${secondsText(report.stalledMs / 1000)})`;
    this.#missed.add(parts, { text: String(this.#missedLately.reduce((total, count) => total + count, 0)), note: `in the last minute${stalls}` });
  }
}

/** The levels that run a network, and those that only enlarge. */
function levelsOf({ levels, networks = levels }: HelloMessage): { readonly networks: readonly string[]; readonly plain: readonly string[] } {
  return { networks: levels.filter((level) => networks.includes(level)), plain: levels.filter((level) => !networks.includes(level)) };
}

function shareNote(share: number, { level, pinned }: StatsMessage, networks: readonly string[]): string {
  if (typeof pinned === 'string') return networks.includes(pinned) ? `by ${networkName(pinned)}, as was asked for` : 'only enlarged, as was asked for';
  if (networks.length === 0) return 'this preset only enlarges';
  if (share >= NEARLY_ALL) return `by ${networkName(level)}`;
  return 'the relay’s machine has no time for more';
}

function delayText(milliseconds: number): string {
  return milliseconds < MS_UP_TO ? `${Math.round(milliseconds)} ms` : secondsText(milliseconds / 1000);
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
