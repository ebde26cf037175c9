#!/usr/bin/env node
import { keepFromExit } from '../plugins/threads/no-exit.js';
import { Interrupt } from './interrupt.js';

// Plugins are imported in this process, so it needs the guard against `process.exit`, too.
const exit = keepFromExit();
const endsUnasked = () => {
  process.stderr.write('srvid: The process ended before the command was done: nothing was left that could complete it. [SRVID_INTERNAL]\n');
  process.exitCode = 1;
};
process.once('exit', endsUnasked);
// Imported late, since it takes most of the start-up time. Nothing has begun yet, so a signal meanwhile ends the process as any other.
const { buildProgram } = await import('./program.js');
const { exitCodeOf, USAGE_EXIT } = await import('./exit-code.js');
const interrupt = new Interrupt();
const args = process.argv.slice(2);
const program = buildProgram(interrupt.signal, (act) => interrupt.onHangUp(act));
try {
  if (args.length === 0) {
    program.outputHelp();
    process.exitCode = USAGE_EXIT;
  } else {
    await interrupt.endOf(program.parseAsync(process.argv));
  }
} catch (error) {
  process.exitCode = exitCodeOf(error, program, args);
}
process.off('exit', endsUnasked);
interrupt.end(Number(process.exitCode ?? 0));
// Exit explicitly: timers of failed tasks in the pool would otherwise keep the process alive until they expire.
exit(process.exitCode);
