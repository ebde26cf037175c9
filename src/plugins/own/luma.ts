import { ownNetwork } from './network.js';

/** A user's own network on luma. */
export default ownNetwork('y');
