import { messageOf, SrvidError } from './errors.js';
import type { SessionRequest } from './options/session.js';
import { inWordsOfPrograms } from './options/table.js';
import type { SessionEvent, Summary } from './report/events.js';
import { runSession as run, type SessionHooks } from './session.js';

/**
 * Runs one session for a program, from file to file. Errors and warnings name options as `SessionRequest` has them, and
 * not by the command's flags.
 * @throws SrvidError with any code of errors.ts
 */
export async function runSession(request: SessionRequest, { onEvent, ...hooks }: SessionHooks = {}): Promise<Summary> {
  const tell = onEvent && ((event: SessionEvent) => onEvent('message' in event ? { ...event, message: inWordsOfPrograms(event.message) } : event));
  try {
    return await run(request, { ...hooks, ...(tell ? { onEvent: tell } : {}) });
  } catch (error) {
    if (!(error instanceof SrvidError)) throw error;
    const message = inWordsOfPrograms(messageOf(error));
    throw message === error.message ? error : new SrvidError(error.code, message, error.details, error.cause);
  }
}
