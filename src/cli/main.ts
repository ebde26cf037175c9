#!/usr/bin/env node
import { keepFromExit } from '../plugins/no-exit.js';
import { Interrupt } from './interrupt.js';

// Plugins are imported here, too.
const exit = keepFromExit();
const endsUnasked = () => {
  process.stderr.write('srvid: The process ended before the command was done: something waits for what never comes. [SRVID_INTERNAL]\n');
  process.exitCode = 1;
};
process.once('exit', endsUnasked);
const interrupt = new Interrupt();
// Only now, since it takes most of the start, during which a signal is to be heard, too.
const { exitCodeOf, program } = await import('./program.js');
const command = program(interrupt.signal);
try {
  await interrupt.endOf(command.parseAsync(process.argv));
} catch (error) {
  process.exitCode = exitCodeOf(error, process.argv, command.args[1]);
}
interrupt.dispose();
process.off('exit', endsUnasked);
// Nothing is left to wait for, but the pool's timers of tasks that failed would hold the process for their whole time.
exit(process.exitCode);
