import { type PixelFamily, pixelAdaptiveNetwork } from '../networks/pixel-adaptive-network.js';

/** Sizes of the networks, as `models/training` makes them. */
export const PCSR_FAMILY: PixelFamily = { light: 16, heavy: 64, reach: 7 };

/**
 * Pixel-level adaptive super-resolution (PCSR, Jeong et al. 2024, arXiv 2407.21448) on the luma: flat pixels get a light head, edges and texture a heavy
 * one, at any real scale.
 */
export default pixelAdaptiveNetwork({
  name: 'pcsr',
  description: 'PCSR: any real scale, and for each pixel a light or a heavy head, by how hard the pixel is.',
  ...PCSR_FAMILY,
});
