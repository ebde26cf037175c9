import { lumaNetwork } from '../networks/luma-network.js';

/** The best picture for files that may take their time: a wide plain stack with an anchor (models/training/networks/stack.py), on the luma, in int8. */
export default lumaNetwork({
  family: 'ultra',
  description: 'Ultra: our own, a wide plain stack with an anchor; the best picture, for about six times the multiplications of ABPN.',
  scales: [2, 3, 4],
  halo: 8,
});
