export { ERROR_CODES, type ErrorCode, type ErrorDetails, SrvidError } from './errors.js';
export { prometheusText } from './metrics.js';
export { type Preset, parseSessionOptions, type SessionOptions, type SessionRequest } from './options.js';
export { loadModelLibrary, type ModelEntry, type ModelLibrary } from './plugins/model.js';
export { loadPreset, presetNames } from './presets.js';
export type * from './report.js';
export { runSession, type SessionHooks } from './session.js';
export { packageVersion } from './version.js';
