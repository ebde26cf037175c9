#pragma once

#include <cstdint>

namespace srvid {

/**
 * A convolution for processors that add four products of bytes to a 32-bit sum in one instruction ("dot product"). A vector holds the sums of
 * some channels of one pixel; four bytes of the pixel's window ("a quad") are repeated in all lanes of another.
 */
struct DotProgram {
  struct Run {
    /** Bytes from pixel to pixel. */
    int stride;
    int quads;
  };
  const Run* runs;
  int runCount;
  /** Quads of all runs together. */
  int quads;
  /** Vectors of channels; the last may be filled up with weights of 0. */
  int vectors;
  /** [vector][quad][lane][4 bytes], on a 64-byte line. */
  const int8_t* weights;
  /** [vector][lane]. */
  const int32_t* bias;
  const float* multiplier;
  /** Bytes from pixel to pixel of the result, a multiple of 4. */
  int outStride;
  int zeroPoint;
};

/** Computes a row; see RowConv::row. */
using DotRow = void (*)(const DotProgram& program, const uint8_t* const* runs, uint8_t* out, int width) noexcept;

/** The rows of each instruction set; null where the compiler did not know it. */
DotRow avx_vnni_row() noexcept;
DotRow avx512_vnni_row() noexcept;
DotRow neon_dot_row() noexcept;
/** The same in plain C++: for trying packing, blocks and borders on machines that lack the instructions. */
DotRow avx_vnni_emulated_row() noexcept;
DotRow avx512_vnni_emulated_row() noexcept;

/** Channels in a vector. */
inline constexpr int kAvxVnniLanes = 8;
inline constexpr int kAvx512VnniLanes = 16;
inline constexpr int kNeonDotLanes = 4;

}  // namespace srvid
