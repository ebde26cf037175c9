#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace srvid {

/** Four neighbouring bytes of a window with the weights of eight channels for them. */
struct Quad {
  int run = 0;
  int offset = 0;
  /** [channel][byte]. */
  std::array<int8_t, 32> weights{};
};

/** Quads whose products are summed in 16 bits. */
using QuadBin = std::vector<Quad>;

/**
 * Puts quads into as few bins as it finds, and splits those that could overflow alone. In a bin, for each pair of bytes and each channel, the
 * positive weights sum to at most 128, and so do the negative ones' magnitudes: 255 x 128 fits in 16 bits. All quads of a bin have the same
 * `strideOfRun`, and there are at most kMostEntries. Quads without weights are left out. Bins with the same number of quads and stride stand together.
 */
std::vector<QuadBin> binned(const std::vector<Quad>& quads, const std::vector<int>& strideOfRun);

}  // namespace srvid
