import { restoringLumaNetwork } from '../networks/restoring-luma-network.js';

/** A plain folded stack with an anchor (models/training/networks/stack.py), on the luma, in int8, for what encoders leave behind. */
export default restoringLumaNetwork({
  family: 'deblock',
  description: 'Deblock: our own, takes blocks, ringing and smears of compression off the luma, at the size of the source.',
  halo: 12,
});
