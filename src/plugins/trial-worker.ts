// Imports the given module and reports that it is done. An error of the module is reported by the later, actual import.
import { parentPort, workerData } from 'node:worker_threads';
import { keepFromExit } from './threads/no-exit.js';

const exits: string[] = [];
keepFromExit((message) => exits.push(message));
const post = parentPort?.postMessage.bind(parentPort);
await import(workerData as string).catch(() => {});
post?.(exits[0] ?? '');
