// Imports the module that it is given, and says that it is done; what the module throws is told by the import proper.
import { parentPort, workerData } from 'node:worker_threads';
import { keepFromExit } from './threads/no-exit.js';

const exits: string[] = [];
keepFromExit((message) => exits.push(message));
const post = parentPort?.postMessage.bind(parentPort);
await import(workerData as string).catch(() => {});
post?.(exits[0] ?? '');
