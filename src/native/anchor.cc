#include "anchor.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

namespace srvid {

namespace {

/**
 * Adds one byte of the anchor's pixel to all of a pixel's. The stride covers the channels rounded up to 4, and what lies between has no meaning,
 * so all of it is written; as a constant it makes the compiler use vectors.
 */
template <int Stride>
void add_same(uint8_t* pixels, const uint8_t* anchor, int anchorStride, int zeroPoint, int count) noexcept {
  for (int x = 0; x < count; x++, pixels += Stride, anchor += anchorStride) {
    const int16_t plus = static_cast<int16_t>(*anchor - zeroPoint);
    for (int channel = 0; channel < Stride; channel++) {
      const int16_t sum = static_cast<int16_t>(pixels[channel] + plus);
      pixels[channel] = static_cast<uint8_t>(std::clamp<int16_t>(sum, 0, 255));
    }
  }
}

}  // namespace

Anchor::Anchor(std::vector<int> channels, int zeroPoint)
    : channels_(std::move(channels)), zeroPoint_(zeroPoint), uniform_(std::adjacent_find(channels_.begin(), channels_.end(), std::not_equal_to<>()) == channels_.end()) {}

void Anchor::add(uint8_t* pixels, int stride, const uint8_t* anchor, int anchorStride, int count) const noexcept {
  if (uniform_) {
    const uint8_t* from = anchor + channels_[0];
    // The strides of one plane that is shuffled by 2, 3 and 4.
    if (stride == 4) return add_same<4>(pixels, from, anchorStride, zeroPoint_, count);
    if (stride == 12) return add_same<12>(pixels, from, anchorStride, zeroPoint_, count);
    if (stride == 16) return add_same<16>(pixels, from, anchorStride, zeroPoint_, count);
  }
  const int channels = static_cast<int>(channels_.size());
  for (int x = 0; x < count; x++) {
    uint8_t* pixel = pixels + static_cast<ptrdiff_t>(x) * stride;
    const uint8_t* from = anchor + static_cast<ptrdiff_t>(x) * anchorStride;
    for (int channel = 0; channel < channels; channel++) {
      pixel[channel] = static_cast<uint8_t>(std::clamp(pixel[channel] - zeroPoint_ + from[channels_[channel]], 0, 255));
    }
  }
}

}  // namespace srvid
