import { AsyncLocalStorage } from 'node:async_hooks';

/** A call into a plugin, with everything that it starts: timers and promises of it belong to it, however late they come. */
export interface Place {
  readonly plugin: string;
  /** The part of the plugin that was called: "process", "init", "import". */
  readonly step: string;
  /** The number of the frame in process, from 0, and its pts; absent outside `process`. */
  readonly frame?: number | undefined;
  readonly pts?: number | undefined;
}

/** One for a process's thread, since a module may be loaded twice in it while its output is one. */
const places = new AsyncLocalStorage<Place>();

/** Makes a call into a plugin. */
export function inPlace<T>(place: Place, call: () => T): T {
  return places.run(place, call);
}

/** Makes a call of srvid's own, out of any plugin. */
export function outOfPlace<T>(call: () => T): T {
  return places.exit(call);
}

/** The call into a plugin from which the running code was started; undefined for code of no plugin. */
export function placeNow(): Place | undefined {
  return places.getStore();
}
