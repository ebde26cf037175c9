#pragma once

#include <cstddef>

#include "packed.h"

namespace srvid {

/*
 * Convolutions by instructions that add four products of bytes to a 32-bit sum ("dot product"). A lane of a vector is a pixel: it is loaded with
 * that pixel's quad, and multiplied by four weights of one channel, which are repeated in all lanes of another vector. So any number of
 * channels is computed without lanes that do nothing.
 */
struct DotProgram : Packed {
  struct Run {
    int quads;
    /** Bytes from one quad to the next. */
    int step;
  };
  const Run* runs;
  int runCount;
  int channels;
};

/** Computes a row whose inputs are in the order of quads; see RowConv::row. */
using DotRow = void (*)(const DotProgram& program, const uint8_t* const* runs, uint8_t* out, ptrdiff_t outPlane, int width) noexcept;

/** The rows of each instruction set; null where the compiler did not know it. */
DotRow avx_vnni_row() noexcept;
DotRow avx512_vnni_row() noexcept;
DotRow neon_dot_row() noexcept;
/** The bare loops of the same; see Kernel::bareLoop. */
double avx_vnni_bare_loop(long rounds) noexcept;
double avx512_vnni_bare_loop(long rounds) noexcept;
double neon_dot_bare_loop(long rounds) noexcept;
/** The same in plain C++: for trying packing, blocks and borders on machines that lack the instructions. */
DotRow avx_vnni_emulated_row() noexcept;
DotRow avx512_vnni_emulated_row() noexcept;

/** The block whose sums fit in a processor's registers: up to `Channels` channels of as many pixels as `Vectors` vectors have lanes. */
template <int Lanes, int Vectors, int Channels>
struct DotBlock {
  static constexpr int kLanes = Lanes;
  static constexpr int kVectors = Vectors;
  static constexpr int kChannels = Channels;
};
using AvxVnniBlock = DotBlock<8, 3, 4>;
using Avx512VnniBlock = DotBlock<16, 2, 12>;
using NeonDotBlock = DotBlock<4, 4, 4>;

/**
 * Channels of the next block where `left` are left: whole quads, or all that are left. What is more than one block and less than two is
 * shared out, since a block of few channels has too few sums to hide how long an instruction takes.
 */
inline constexpr int dot_block_channels(int left, int most) {
  if (left <= most) return left;
  return left >= 2 * most ? most : (left / 2 + 3) / 4 * 4;
}

}  // namespace srvid
