#include "picture.h"

#include <algorithm>
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

void fold_row(const Picture& picture, const Planes& planes, int y, int first, int count, int channel, const Row<uint8_t>& out) noexcept {
  const int block = planes.block;
  const size_t plane = static_cast<size_t>(picture.height) * picture.width;
  const uint8_t* in = picture.data + static_cast<size_t>(y) * block * picture.width + static_cast<size_t>(first) * block;
  const size_t stride = out.layout.stride;
  if (stride == 1) {
    std::memcpy(out.pixels, in, count);
    return;
  }
  for (int index = 0; index < planes.channels(); index++) {
    const int column = index / planes.planes % block;
    const int row = index / planes.planes / block;
    const uint8_t* from = in + index % planes.planes * plane + static_cast<size_t>(row) * picture.width + column;
    uint8_t* to = out.channel(channel + index);
    for (int x = 0; x < count; x++) to[x * stride] = from[static_cast<size_t>(x) * block];
  }
}

void slide_row(const Picture& picture, int planes, int y, int first, int count, int margin, int channel, const Row<uint8_t>& out) noexcept {
  for (int plane = 0; plane < planes; plane++) {
    const uint8_t* row = picture.data + (static_cast<size_t>(plane) * picture.height + y) * picture.width;
    uint8_t* to = out.channel(channel + plane);
    // Where all four pixels lie within the picture.
    const int inner = std::max(first - margin, 0);
    const int end = std::max(inner, std::min(first + count + margin, picture.width - 3));
    const auto at = [&](int x) { return to + static_cast<ptrdiff_t>(x - first) * 4; };
    const auto edge = [&](int x) {
      for (int i = 0; i < 4; i++) at(x)[i] = x + i < 0 || x + i >= picture.width ? 0 : row[x + i];
    };
    for (int x = first - margin; x < inner; x++) edge(x);
    for (int x = inner; x < end; x++) std::memcpy(at(x), row + x, 4);
    for (int x = end; x < first + count + margin; x++) edge(x);
  }
}

void copy_pixels(const uint8_t* pixels, int stride, int channels, uint8_t* out, int count) noexcept {
  if (stride == channels) {
    std::memcpy(out, pixels, static_cast<size_t>(count) * channels);
    return;
  }
  for (int x = 0; x < count; x++, pixels += stride, out += channels) std::memcpy(out, pixels, channels);
}

void shuffle_row(const uint8_t* pixels, int stride, const Canvas& canvas, const Planes& planes, int y, int first, int count) noexcept {
  const int block = planes.block;
  for (int p = 0; p < planes.planes; p++) {
    kShuffles[block - 1](pixels + p * block * block, stride, canvas.row(p, y * block) + static_cast<size_t>(first) * block, canvas.width, count);
  }
}

}  // namespace srvid
