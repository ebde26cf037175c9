// The package's entry "srvid/plugin/testing": tests for a plugin's author.
export { type CheckOptions, checkPlugin } from './testing/check.js';
export { planesOfFrame, type TestFrame, testFrame } from './testing/frames.js';
export type { PluginPlace } from './testing/load.js';
export type { PluginCheck, PluginReport } from './testing/report.js';
export { runPlugin } from './testing/run-plugin.js';
