import { lumaNetwork } from '../networks/luma-network.js';

/**
 * The best picture at about ABPN's cost: ABPN's chain in other shapes (models/training/networks/stack.py), on the luma,
 * in int8.
 */
export default lumaNetwork({
  family: 'best',
  description: "Best: our own, ABPN's chain in shapes of which the runtime does more in the same time; the best picture at ABPN's price.",
  scales: [2, 3, 4],
  halo: 8,
});
