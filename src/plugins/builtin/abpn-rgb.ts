import { rgbNetwork } from '../networks/rgb-network.js';

/** Anchor-based plain network as published, on red, green and blue (Du et al. 2021, arXiv 2105.09750), in int8. */
export default rgbNetwork({
  family: 'abpn',
  description: 'ABPN on red, green and blue: colour edges become as sharp as those of the luma, for 4:4:4 and RGB sources.',
  halo: 7,
});
