#include "picture.h"

#include <cstddef>
#include <cstring>

namespace srvid {

namespace {

/** `Block` as a constant makes the compiler unroll the loop over a pixel's bytes. */
template <int Block>
void shuffle_blocks(const uint8_t* pixels, int stride, uint8_t* out, size_t rowBytes, int count) noexcept {
  for (int row = 0; row < Block; row++, out += rowBytes) {
    const uint8_t* in = pixels + row * Block;
    uint8_t* to = out;
    for (int x = 0; x < count; x++, in += stride, to += Block) std::memcpy(to, in, Block);
  }
}

using Shuffle = void (*)(const uint8_t*, int, uint8_t*, size_t, int) noexcept;
constexpr Shuffle kShuffles[] = {shuffle_blocks<1>, shuffle_blocks<2>, shuffle_blocks<3>, shuffle_blocks<4>,
                                 shuffle_blocks<5>, shuffle_blocks<6>, shuffle_blocks<7>, shuffle_blocks<8>};

}  // namespace

void fold_row(const Picture& picture, int planes, int block, int y, int first, int count, uint8_t* out) noexcept {
  const size_t plane = static_cast<size_t>(picture.height) * picture.width;
  const uint8_t* in = picture.data + static_cast<size_t>(y) * block * picture.width + static_cast<size_t>(first) * block;
  if (planes == 1 && block == 1) {
    std::memcpy(out, in, count);
    return;
  }
  const int channels = planes * block * block;
  for (int channel = 0; channel < channels; channel++) {
    const int column = channel / planes % block;
    const int row = channel / planes / block;
    const uint8_t* from = in + channel % planes * plane + static_cast<size_t>(row) * picture.width + column;
    for (int x = 0; x < count; x++) out[static_cast<size_t>(x) * channels + channel] = from[static_cast<size_t>(x) * block];
  }
}

void shuffle_row(const uint8_t* pixels, int stride, const Canvas& canvas, int planes, int block, int y, int first, int count) noexcept {
  const size_t plane = static_cast<size_t>(canvas.height) * canvas.width;
  const size_t from = static_cast<size_t>(y) * block * canvas.width + static_cast<size_t>(first) * block;
  for (int p = 0; p < planes; p++) kShuffles[block - 1](pixels + p * block * block, stride, canvas.data + p * plane + from, canvas.width, count);
}

}  // namespace srvid
