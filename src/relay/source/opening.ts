/**
 * Opens something that a signal can stop. `stop` ends what `open` has begun: at once when the signal comes, and where opening fails.
 * @throws the signal's reason where it came before the end of opening, else the error of `open`
 */
export async function openUnder<T>(signal: AbortSignal, stop: () => Promise<unknown>, open: () => Promise<T>): Promise<T> {
  const onAbort = () => void stop();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const opened = await open();
    signal.throwIfAborted();
    return opened;
  } catch (error) {
    await stop();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
