// The command, with progress told every few milliseconds: `node told-run.mjs INPUT OUTPUT OPTIONS`, of which the last is JSON. Events go to standard output.
import { runSession } from '../dist/session.js';

const [input, output, options] = process.argv.slice(2);
const onEvent = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
await runSession({ overwrite: true, progressIntervalMs: 10, ...JSON.parse(options), input, output }, { onEvent });
