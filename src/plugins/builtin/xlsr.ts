import { lumaNetwork } from '../networks/luma-network.js';

/** Extremely lightweight super-resolution (Ayazoglu 2021, arXiv 2105.10288) on the luma, in int8. */
export default lumaNetwork({
  family: 'xlsr',
  description: 'XLSR: blocks of grouped convolutions without anchor, with a clipped output; less than half of the parameters of ABPN.',
  scales: [2, 3, 4],
  halo: 5,
});
