import { planarNetwork } from '../networks/planar-network.js';

/** LPIENet (Conde et al. 2022, arXiv 2210.13552) on the luma and chroma of 4:2:0, for blur of lenses and of focus. */
export default planarNetwork({
  name: 'deblur',
  family: 'lpienet-deblur',
  description:
    'LPIENet: a small U-Net that makes sharper what a lens, its focus or resampling has blurred, and a little of motion blur, at the size of the source.',
  halo: 96,
  align: 8,
  precision: 'fp32',
});
