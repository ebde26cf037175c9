#pragma once

#include <cstdint>
#include <vector>

namespace srvid {

/** The picture itself, added to the last convolution's result: clamp(byte - zero point + anchor byte, 0, 255). */
class Anchor {
 public:
  /** `channels` names a channel of the anchor's pixel for each of the result's. */
  Anchor(std::vector<int> channels, int zeroPoint);
  /** Adds to `count` pixels in place. */
  void add(uint8_t* pixels, int stride, const uint8_t* anchor, int anchorStride, int count) const noexcept;

 private:
  std::vector<int> channels_;
  int zeroPoint_;
  /** True where all channels take the same one. */
  bool uniform_;
};

}  // namespace srvid
