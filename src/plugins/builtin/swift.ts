import { lumaNetwork } from '../networks/luma-network.js';

/** The quickest network: a short plain stack with an anchor (models/training/networks/stack.py), on the luma, in int8. */
export default lumaNetwork({
  family: 'swift',
  description: 'Swift: our own, a short plain stack with an anchor; the least time for which the picture is still super-resolved.',
  scales: [2, 3, 4],
  halo: 10,
});
