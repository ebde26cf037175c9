#include "anchor.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace srvid {

namespace {

/** Writes the anchor's bytes as they lie in a row of the result. */
void spread(const Row<const uint8_t>& anchor, const int* channels, int block, int count, uint8_t* line) noexcept {
  const ptrdiff_t stride = anchor.layout.stride;
  for (int column = 0; column < block; column++) {
    const uint8_t* from = anchor.channel(channels[column]);
    for (ptrdiff_t x = 0; x < count; x++) line[x * block + column] = from[x * stride];
  }
}

}  // namespace

Anchor::Anchor(std::vector<int> channels, int block, int zeroPoint)
    : channels_(std::move(channels)), block_(block), planes_(static_cast<int>(channels_.size()) / (block * block)), zeroPoint_(zeroPoint) {}

void Anchor::add(const Canvas& canvas, int y, int first, const Row<const uint8_t>& anchor, int count, uint8_t* line) const noexcept {
  const int* spreadOut = nullptr;
  for (int row = 0; row < planes_ * block_; row++) {
    const int* channels = &channels_[static_cast<size_t>(row) * block_];
    if (!spreadOut || !std::equal(channels, channels + block_, spreadOut)) {
      spread(anchor, channels, block_, count, line);
      spreadOut = channels;
    }
    uint8_t* out = canvas.row(row / block_, y * block_ + row % block_) + static_cast<ptrdiff_t>(first) * block_;
    const int bytes = count * block_;
    for (int i = 0; i < bytes; i++) out[i] = static_cast<uint8_t>(std::clamp(out[i] + line[i] - zeroPoint_, 0, 255));
  }
}

}  // namespace srvid
