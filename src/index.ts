export { ERROR_CODES, type ErrorCode, type ErrorDetails, SrvidError } from './errors.js';
export type { Preset } from './options/preset.js';
export { parseSessionOptions, type SessionOptions, type SessionRequest } from './options/session.js';
export { loadModelLibrary, type ModelEntry, type ModelLibrary } from './plugins/inference/library.js';
export { loadPreset, presetNames } from './plugins/plan/presets.js';
export type * from './report/events.js';
export { prometheusText } from './report/prometheus.js';
export { runSession, type SessionHooks } from './session.js';
export { packageVersion } from './version.js';
