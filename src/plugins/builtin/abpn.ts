import { lumaNetwork } from '../networks/luma-network.js';

/** Anchor-based plain network (Du et al. 2021, arXiv 2105.09750) on the luma, in int8. */
export default lumaNetwork({
  family: 'abpn',
  description: 'ABPN: anchor-based plain network, seven 3x3 convolutions of 28 channels, on the luma.',
  scales: [2, 3, 4],
  halo: 7,
});
