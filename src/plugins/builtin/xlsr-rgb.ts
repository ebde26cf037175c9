import { rgbNetwork } from '../networks/rgb-network.js';

/** Extremely lightweight super-resolution as published, on red, green and blue (Ayazoglu 2021, arXiv 2105.10288), in int8. */
export default rgbNetwork({
  family: 'xlsr',
  description: 'XLSR on red, green and blue, as published: for comparison, and where parameters count.',
  halo: 5,
});
