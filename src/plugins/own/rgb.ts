import { ownNetwork } from './network.js';

/** A user's own network on red, green and blue. */
export default ownNetwork('rgb');
