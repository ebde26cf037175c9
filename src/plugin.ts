// The package's entry "srvid/plugin": all that a plugin's author needs.
// Schemas for options, so that a plugin needs no package beside srvid. It is the copy with which srvid reads their help texts.
/** Zod, by which a plugin's options may be described, validated and given help texts. */
export * as z from 'zod';
export * from './plugins/contract.js';
