import { planarNetwork } from '../networks/planar-network.js';

/** LPIENet (Conde et al. 2022, arXiv 2210.13552) on the luma and chroma of 4:2:0, for noise of any strength. */
export default planarNetwork({
  name: 'denoise',
  family: 'lpienet-denoise',
  description: 'LPIENet: a small U-Net that takes noise off luma and chroma, however strong it is, at the size of the source.',
  halo: 96,
  align: 8,
  precision: 'fp32',
});
