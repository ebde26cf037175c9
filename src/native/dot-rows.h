#pragma once

#include "dot-program.h"

// The loops of the dot-product kernels, over a thin wrapper of a processor's vectors. This file is compiled anew for each instruction set, so
// all of it is in an unnamed namespace, and nothing of the standard library is used.
//
// The wrapper `V` is a DotBlock and has sums(bias), weights(address), quad(address), dot(sums, quad, weights), and
// store(out, stride, sums of kPixels pixels, multiplier, zero point, channels).

namespace srvid {

namespace {

/** Four bytes, which need not be aligned, as a word. */
inline uint32_t quad_at(const uint8_t* address) {
  uint32_t value;
  __builtin_memcpy(&value, address, sizeof value);
  return value;
}

template <class V, int Vectors>
inline void dot_block(const PieceProgram& program, int vector, const uint8_t* const* runs, long x, uint8_t* out) {
  using Sums = decltype(V::sums(nullptr));
  using Bytes = decltype(V::weights(nullptr));
  Sums sums[Vectors][V::kPixels];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; v++) {
    const Sums bias = V::sums(program.bias + (vector + v) * V::kLanes);
#pragma GCC unroll 16
    for (int p = 0; p < V::kPixels; p++) sums[v][p] = bias;
  }
  const long vectorBytes = static_cast<long>(program.pieces) * V::kLanes * 4;
  const int8_t* weights = program.weights + vector * vectorBytes;
  for (int run = 0; run < program.runCount; run++) {
    const long stride = program.runs[run].stride;
    const uint8_t* address = runs[run] + x * stride;
    for (int quad = program.runs[run].pieces; quad > 0; quad--, address += 4, weights += V::kLanes * 4) {
      Bytes w[Vectors];
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; v++) w[v] = V::weights(weights + v * vectorBytes);
#pragma GCC unroll 16
      for (int p = 0; p < V::kPixels; p++) {
        const Bytes bytes = V::quad(address + p * stride);
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; v++) sums[v][p] = V::dot(sums[v][p], bytes, w[v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; v++) {
    const int first = (vector + v) * V::kLanes;
    const int left = program.outStride - first;
    V::store(out + first, program.outStride, sums[v], program.multiplier + first, program.zeroPoint, left < V::kLanes ? left : V::kLanes);
  }
}

/** The last vectors, fewer than a block has. */
template <class V, int Vectors>
inline void dot_rest(const PieceProgram& program, int vector, const uint8_t* const* runs, long x, uint8_t* out) {
  if constexpr (Vectors > 0) {
    if (program.groups - vector == Vectors) {
      dot_block<V, Vectors>(program, vector, runs, x, out);
    } else {
      dot_rest<V, Vectors - 1>(program, vector, runs, x, out);
    }
  }
}

template <class V>
void dot_row(const PieceProgram& program, const uint8_t* const* runs, uint8_t* out, int width) noexcept {
  for (long x = 0; x < width; x += V::kPixels) {
    uint8_t* pixels = out + x * program.outStride;
    int vector = 0;
    for (; vector + V::kVectors <= program.groups; vector += V::kVectors) dot_block<V, V::kVectors>(program, vector, runs, x, pixels);
    dot_rest<V, V::kVectors - 1>(program, vector, runs, x, pixels);
  }
}

}  // namespace

}  // namespace srvid
