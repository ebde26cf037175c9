#pragma once

#include <cstdint>
#include <vector>

#include "picture.h"
#include "row-layout.h"

namespace srvid {

/** The picture itself, added to the result: clamp(byte - zero point + anchor byte, 0, 255). */
class Anchor {
 public:
  /** `channels` names a channel of the anchor's pixel for each of the last convolution's, before they are shuffled in blocks of `block`. */
  Anchor(std::vector<int> channels, int block, int zeroPoint);
  /** Adds to what shuffle_row wrote of row y, from column `first` on. `line` has room for `count` blocks. */
  void add(const Canvas& canvas, int y, int first, const Row<const uint8_t>& anchor, int count, uint8_t* line) const noexcept;

 private:
  std::vector<int> channels_;
  int block_;
  int planes_;
  int zeroPoint_;
};

}  // namespace srvid
