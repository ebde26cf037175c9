/** Typed events, the same in browsers and in Node. `Events` maps each name to what its listeners are given. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Calls `listener` with each event of that name. @returns what ends that. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Resolves with the next event of that name. */
  next<Name extends keyof Events>(name: Name): Promise<Events[Name]> {
    return new Promise((resolve) => {
      const stop = this.on(name, (event) => {
        stop();
        resolve(event);
      });
    });
  }

  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    // A copy, since a listener may take itself or another away.
    for (const listener of [...(this.#listeners.get(name) ?? [])]) (listener as (event: Events[Name]) => void)(event);
  }
}
