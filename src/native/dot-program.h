#pragma once

#include "piece-program.h"

namespace srvid {

/*
 * Convolutions by instructions that add four products of bytes to a 32-bit sum ("dot product"). A vector holds the sums of a group of
 * channels, a lane each, for one pixel; a piece is four bytes of the pixel's window ("a quad"), repeated in all lanes of another vector.
 */

/** The rows of each instruction set; null where the compiler did not know it. */
PieceRow avx_vnni_row() noexcept;
PieceRow avx512_vnni_row() noexcept;
PieceRow neon_dot_row() noexcept;
/** The same in plain C++: for trying packing, blocks and borders on machines that lack the instructions. */
PieceRow avx_vnni_emulated_row() noexcept;
PieceRow avx512_vnni_emulated_row() noexcept;

/** The block whose sums fit in a processor's registers: `Vectors` vectors, with a lane a channel, for each of `Pixels` pixels. */
template <int Lanes, int Pixels, int Vectors>
struct DotBlock {
  static constexpr int kLanes = Lanes;
  static constexpr int kPixels = Pixels;
  static constexpr int kVectors = Vectors;
};
using AvxVnniBlock = DotBlock<8, 6, 2>;
using Avx512VnniBlock = DotBlock<16, 12, 2>;
using NeonDotBlock = DotBlock<4, 5, 4>;

}  // namespace srvid
