#pragma once

#include <cstdint>

#include "plan.h"
#include "row-layout.h"

namespace srvid {

/** Planes of bytes, one after another, without gaps between rows. */
struct Picture {
  const uint8_t* data;
  int height;
  int width;
};

/** The same, to be written. */
struct Canvas {
  uint8_t* data;
  int height;
  int width;

  uint8_t* row(int plane, int y) const { return data + (static_cast<size_t>(plane) * height + y) * width; }
};

/**
 * Folds one row: pixel x of the result has [block y][block x][plane] of the block at (x, y), in its channels from `channel` on. `first` and `count` are
 * columns of the folded picture, `out` begins with pixel `first`.
 */
void fold_row(const Picture& picture, const Planes& planes, int y, int first, int count, int channel, const Row<uint8_t>& out) noexcept;

/**
 * Writes one row of each plane in the layout whose quads are four neighbouring pixels, with `margin` pixels on both sides; beyond the picture's
 * edges a pixel is 0. `out` begins with pixel `first`, behind its margin; `channel` is that of the first plane.
 */
void slide_row(const Picture& picture, int planes, int y, int first, int count, int margin, int channel, const Row<uint8_t>& out) noexcept;

/** Writes a row of a result's pixels, `channels` bytes of each, one after the other. */
void copy_pixels(const uint8_t* pixels, int stride, int channels, uint8_t* out, int count) noexcept;

/** Writes a row of the last convolution's pixels as `block` rows of each plane of the canvas, from the shuffled pixel of column `first` on. */
void shuffle_row(const uint8_t* pixels, int stride, const Canvas& canvas, const Planes& planes, int y, int first, int count) noexcept;

}  // namespace srvid
