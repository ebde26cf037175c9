import type { NoteListener, PluginNote } from '../notes.js';
import type { Place } from '../threads/place.js';
import type { GroupSpec, WorkerRequest } from './protocol.js';

/** Time after which people are told that a plugin is still at one frame. */
const SLOW_MS = 5000;
/** Deaths of threads by one plugin that people are told of. */
const TOLD_DEATHS = 3;

type ProcessRequest = Extract<WorkerRequest, { op: 'process' }>;

/** A plugin at work, as far as it is known outside of its thread. */
export interface AtWork {
  readonly plugin: string;
  /** Its place in the group. */
  readonly place: number;
  readonly frame: number | undefined;
  readonly pts: number | undefined;
}

/** Knows from outside which plugin a thread is at, and tells people where one takes long or has brought its thread down. */
export class TaskWatch {
  readonly #faults: (PluginNote & { readonly type: 'fault' })[] = [];
  readonly #slow = new Set<string>();
  readonly #deaths = new Map<string, number>();

  constructor(
    private readonly groups: readonly (GroupSpec | undefined)[],
    private readonly onNote: NoteListener,
  ) {}

  /** Takes what a thread tells. */
  hear(note: PluginNote): void {
    if (note.type === 'fault') this.#faults.push(note);
    else this.onNote(note);
  }

  /** Watches a task. @returns a function to be called at its end */
  begin(request: ProcessRequest): () => void {
    const timer = setTimeout(() => this.#tellSlow(this.at(request)), SLOW_MS);
    return () => clearTimeout(timer);
  }

  /** The plugin that is at this task. */
  at(request: ProcessRequest): AtWork | undefined {
    const place = Atomics.load(new Int32Array(request.at), 0) - 1;
    const group = this.groups[request.group];
    const plugin = group?.steps[place]?.name;
    return plugin === undefined ? undefined : { plugin, place, frame: request.frame, pts: request.pts[group?.past ?? 0] };
  }

  /** The reason why a thread died, in words: its error, and the plugin that left the error's cause behind. */
  explain(reason: string): { readonly text: string; readonly place?: Place } {
    const fault = this.#faults.shift();
    if (!fault) return { text: reason };
    const { plugin, step, frame, pts } = fault;
    const text = `plugin ${plugin} threw in a timer or a promise that it had left behind in ${step}${frameText({ frame, pts })}: ${fault.message}`;
    const deaths = (this.#deaths.get(plugin) ?? 0) + 1;
    this.#deaths.set(plugin, deaths);
    if (deaths <= TOLD_DEATHS) {
      const more = deaths === TOLD_DEATHS ? ' More of the kind are not told.' : '';
      this.onNote({ type: 'log', plugin, level: 'error', frame, message: `${text}. Its thread is replaced.${more}` });
    }
    return { text, place: { plugin, step, frame, pts } };
  }

  #tellSlow(at: AtWork | undefined): void {
    if (!at || this.#slow.has(at.plugin)) return;
    this.#slow.add(at.plugin);
    const { plugin, frame } = at;
    this.onNote({ type: 'log', plugin, level: 'warn', frame, message: `has worked${frameText(at).replace(' at', ' on')} for ${SLOW_MS / 1000} s` });
  }
}

/** " at frame 3 with pts 120", or nothing outside frames. */
export function frameText({ frame, pts }: Pick<AtWork, 'frame' | 'pts'>): string {
  if (pts === undefined) return '';
  return ` at ${frame === undefined ? 'a trial frame' : `frame ${frame}`} with pts ${pts}`;
}
