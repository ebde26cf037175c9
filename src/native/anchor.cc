#include "anchor.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace srvid {

Anchor::Anchor(std::vector<int> channels, int zeroPoint)
    : channels_(std::move(channels)), zeroPoint_(zeroPoint), uniform_(std::adjacent_find(channels_.begin(), channels_.end(), std::not_equal_to<>()) == channels_.end()) {}

void Anchor::add(uint8_t* pixels, int stride, const uint8_t* anchor, int anchorStride, int count) const noexcept {
  const int channels = static_cast<int>(channels_.size());
  if (uniform_) {
    const uint8_t* from = anchor + channels_[0];
    for (int x = 0; x < count; x++) {
      uint8_t* pixel = pixels + static_cast<ptrdiff_t>(x) * stride;
      const int plus = from[static_cast<ptrdiff_t>(x) * anchorStride] - zeroPoint_;
      // The stride covers the channels rounded up to 4, and what lies between has no meaning: whole vectors may be written.
      for (int channel = 0; channel < stride; channel++) pixel[channel] = static_cast<uint8_t>(std::clamp(pixel[channel] + plus, 0, 255));
    }
    return;
  }
  for (int x = 0; x < count; x++) {
    uint8_t* pixel = pixels + static_cast<ptrdiff_t>(x) * stride;
    const uint8_t* from = anchor + static_cast<ptrdiff_t>(x) * anchorStride;
    for (int channel = 0; channel < channels; channel++) {
      pixel[channel] = static_cast<uint8_t>(std::clamp(pixel[channel] - zeroPoint_ + from[channels_[channel]], 0, 255));
    }
  }
}

}  // namespace srvid
