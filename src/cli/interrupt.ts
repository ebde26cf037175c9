/** A signal that is aborted by Ctrl-C or a polite kill. A second Ctrl-C ends the process at once. */
export function interruptSignal(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(name);
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, stop);
  // Whoever read along has gone; nobody wants the rest.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort('SIGPIPE'));
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
