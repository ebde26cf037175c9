#pragma once

#include "dot-program.h"

// The loops of the dot-product kernels, over a thin wrapper of a processor's vectors. This file is compiled anew for each instruction set, so
// all of it is in an unnamed namespace, and nothing of the standard library is used.
//
// The wrapper `V` has: kLanes; kPixels and kVectors, the block whose sums fit in the registers; types Sums and Bytes; and sums(bias),
// weights(address), quad(address), dot(sums, quad, weights), store(out, stride, sums of kPixels pixels, multiplier, zero point, channels).

namespace srvid {

namespace {

template <class V, int Vectors>
inline void dot_block(const DotProgram& program, int vector, const uint8_t* const* runs, long x, uint8_t* out) {
  typename V::Sums sums[Vectors][V::kPixels];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; v++) {
    const typename V::Sums bias = V::sums(program.bias + (vector + v) * V::kLanes);
#pragma GCC unroll 16
    for (int p = 0; p < V::kPixels; p++) sums[v][p] = bias;
  }
  const long vectorBytes = static_cast<long>(program.quads) * V::kLanes * 4;
  const int8_t* weights = program.weights + vector * vectorBytes;
  for (int run = 0; run < program.runCount; run++) {
    const long stride = program.runs[run].stride;
    const uint8_t* address = runs[run] + x * stride;
    for (int quad = program.runs[run].quads; quad > 0; quad--, address += 4, weights += V::kLanes * 4) {
      typename V::Bytes w[Vectors];
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; v++) w[v] = V::weights(weights + v * vectorBytes);
#pragma GCC unroll 16
      for (int p = 0; p < V::kPixels; p++) {
        const typename V::Bytes bytes = V::quad(address + p * stride);
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
inline void dot_rest(const DotProgram& program, int vector, const uint8_t* const* runs, long x, uint8_t* out) {
  if constexpr (Vectors > 0) {
    if (program.vectors - vector == Vectors) {
      dot_block<V, Vectors>(program, vector, runs, x, out);
    } else {
      dot_rest<V, Vectors - 1>(program, vector, runs, x, out);
    }
  }
}

template <class V>
void dot_row(const DotProgram& program, const uint8_t* const* runs, uint8_t* out, int width) noexcept {
  for (long x = 0; x < width; x += V::kPixels) {
    uint8_t* pixels = out + x * program.outStride;
    int vector = 0;
    for (; vector + V::kVectors <= program.vectors; vector += V::kVectors) dot_block<V, V::kVectors>(program, vector, runs, x, pixels);
    dot_rest<V, V::kVectors - 1>(program, vector, runs, x, pixels);
  }
}

}  // namespace

}  // namespace srvid
