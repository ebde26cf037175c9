// A plugin module whose plugin is another module's, observed. Its address names that module.
import type { Plugin } from '../plugins/contract.js';
import { OutputEar, observe } from './observe.js';

const address = new URL(import.meta.url).searchParams.get('plugin') as string;
const ear = new OutputEar();
const { default: plugin } = (await import(address)) as { default: Plugin };

/** The observed plugin. */
export default observe(plugin, ear);
