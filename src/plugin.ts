// The package's entry "srvid/plugin": all that a plugin's author needs.
export * from './plugins/contract.js';
