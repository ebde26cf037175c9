// Imports the given module and reports that it is done. An error of the module is reported by the later, actual import.
import { parentPort, workerData } from 'node:worker_threads';
import { findSrvidAnywhere } from './threads/find-srvid.js';
import { keepFromExit } from './threads/no-exit.js';
import { catchPrints } from './threads/prints.js';

const exits: string[] = [];
keepFromExit((message) => exits.push(message));
// What it prints is heard at the actual import.
catchPrints(() => {}, true);
findSrvidAnywhere();
const post = parentPort?.postMessage.bind(parentPort);
await import(workerData as string).catch(() => {});
post?.(exits[0] ?? '');
