import { lumaNetwork } from '../luma-network.js';

/** The best picture at about ABPN's price: ABPN grown wider (models/training/stack.py), on the luma, in int8. */
export default lumaNetwork({
  family: 'best',
  description: "Best: our own, ABPN grown wider where the runtime does it at little cost; the best picture at ABPN's price.",
  scales: [2, 3, 4],
  halo: 7,
});
