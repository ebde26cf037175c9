import { messageOf, SrvidError } from './errors.js';
import type { SessionRequest } from './options/requests.js';
import { inWordsOfPrograms } from './options/table.js';
import type { Summary } from './report/events.js';
import { runSession as run, type SessionHooks } from './session.js';

/**
 * Runs one session for a program as the command does, from an input to an output, with all options as plain data. Errors
 * and warnings name options as `SessionRequest` has them, and not by the command's flags.
 * @throws SrvidError with any code of errors.ts
 */
export async function runSession(request: SessionRequest, hooks: SessionHooks = {}): Promise<Summary> {
  try {
    return await run(request, toldToPrograms(hooks));
  } catch (error) {
    throw inProgramWords(error);
  }
}

/** The same hooks, whose events name options as programs do. */
export function toldToPrograms({ signal, onEvent, onLog }: SessionHooks): SessionHooks {
  return { signal, onLog, onEvent: onEvent && ((event) => onEvent('message' in event ? { ...event, message: inWordsOfPrograms(event.message) } : event)) };
}

/** The same error, in the words of programs. An error that is not srvid's is returned as it is. */
export function inProgramWords(error: unknown): unknown {
  if (!(error instanceof SrvidError)) return error;
  const message = inWordsOfPrograms(messageOf(error));
  return message === error.message ? error : new SrvidError(error.code, message, error.details, error.cause);
}
