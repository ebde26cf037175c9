import { concatMap, defaultIfEmpty, lastValueFrom, mergeMap, Observable, type OperatorFunction } from 'rxjs';

/*
 * The stream graph. RxJS has no back-pressure and its operators buffer without bound. So the bound comes from the
 * source, which takes a credit before each frame: no more frames than credits are ever between source and sink.
 */

/**
 * An observable that pulls its values: `pull` gives the next one, or undefined at the end. It is not called again after
 * teardown.
 */
export function fromPull<T>(pull: () => Promise<T | undefined>): Observable<T> {
  return new Observable((subscriber) => {
    const loop = async () => {
      while (!subscriber.closed) {
        const value = await pull();
        if (value === undefined) return subscriber.complete();
        subscriber.next(value);
      }
    };
    loop().catch((error) => subscriber.error(error));
  });
}

/** Runs `project` on up to `concurrency` values at once and gives the results in the order of the values. */
export function orderedMap<T, R>(concurrency: number, project: (value: T) => Promise<R>): OperatorFunction<T, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      const finished = new Map<number, R>();
      let next = 0;
      return source.pipe(mergeMap(async (value, index) => ({ index, result: await project(value) }), concurrency)).subscribe({
        next: ({ index, result }) => {
          finished.set(index, result);
          for (let ready = finished.get(next); ready !== undefined; ready = finished.get(next)) {
            finished.delete(next++);
            subscriber.next(ready);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

/** A value with its neighbours before and after. */
export interface Neighbourhood<T> {
  readonly value: T;
  /** Past, present and future values. The stream's first and last value repeat beyond its ends. */
  readonly neighbours: readonly T[];
}

/**
 * Emits each value with `past` values before and `future` values after it, once the latter have come. `keep` is called
 * for each neighbour that is emitted, and the receiver of the neighbourhood undoes it. `leave` is called for each value
 * that no later neighbourhood can hold.
 */
export function withNeighbours<T>(past: number, future: number, keep: (value: T) => void, leave: (value: T) => void): OperatorFunction<T, Neighbourhood<T>> {
  return (source) =>
    new Observable((subscriber) => {
      const held: T[] = [];
      let first = 0;
      let present = 0;
      const at = (index: number) => held[Math.min(Math.max(index - first, 0), held.length - 1)] as T;
      const emit = () => {
        const neighbours = Array.from({ length: past + 1 + future }, (_, offset) => at(present - past + offset));
        for (const neighbour of neighbours) keep(neighbour);
        subscriber.next({ value: at(present), neighbours });
        present++;
        while (first < present - past) {
          leave(held.shift() as T);
          first++;
        }
      };
      return source.subscribe({
        next: (value) => {
          held.push(value);
          if (first + held.length - 1 - present >= future) emit();
        },
        error: (error) => subscriber.error(error),
        complete: () => {
          while (present < first + held.length) emit();
          for (const value of held) leave(value);
          subscriber.complete();
        },
      });
    });
}

/**
 * Runs a graph to its end: `write` is called for one value at a time, in order. When `signal` is aborted the graph ends
 * early, with the signal's reason; then no more is pulled from the source, and nothing further is written.
 */
export async function runGraph<T>(source: Observable<T>, write: (value: T) => Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Observable<never>((subscriber) => {
    const stop = () => subscriber.error(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    return () => signal.removeEventListener('abort', stop);
  });
  const written = source.pipe(concatMap(write), defaultIfEmpty(undefined));
  await lastValueFrom(
    new Observable<void>((subscriber) => {
      const guard = aborted.subscribe({ error: (reason) => subscriber.error(reason) });
      const work = written.subscribe(subscriber);
      return () => {
        guard.unsubscribe();
        work.unsubscribe();
      };
    }),
  );
}
