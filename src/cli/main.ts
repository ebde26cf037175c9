#!/usr/bin/env node
import { keepFromExit } from '../plugins/threads/no-exit.js';
import { Interrupt } from './interrupt.js';

// Plugins are imported here, too.
const exit = keepFromExit();
const endsUnasked = () => {
  process.stderr.write('srvid: The process ended before the command was done: something waits for what never comes. [SRVID_INTERNAL]\n');
  process.exitCode = 1;
};
process.once('exit', endsUnasked);
// This takes most of the start. Nothing has begun yet, so a signal meanwhile ends the process as any other.
const { buildProgram } = await import('./program.js');
const { exitCodeOf, USAGE_EXIT } = await import('./exit-code.js');
const interrupt = new Interrupt();
const args = process.argv.slice(2);
const program = buildProgram(interrupt.signal);
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
// Nothing is left to wait for, but the pool's timers of tasks that failed would hold the process for their whole time.
exit(process.exitCode);
