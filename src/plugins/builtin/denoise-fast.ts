import { planarNetwork } from '../networks/planar-network.js';

/** A plain chain of dense convolutions on the planes of 4:2:0 (models/training/networks/plain.py), in int8, for noise of any strength. */
export default planarNetwork({
  name: 'denoise-fast',
  family: 'plain-denoise',
  description: 'Plain: our own, takes noise off luma and chroma, at the size of the source, in a fraction of the time of denoise.',
  // 14 of the network, and what is seen where finer chroma is brought to the grid of 4:2:0 and back.
  halo: 24,
  align: 2,
});
