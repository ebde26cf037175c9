#pragma once

#include "dot-program.h"

// The loops of the dot-product kernels, over a thin wrapper of a processor's vectors. This file is compiled anew for each instruction set, so
// all of it is in an unnamed namespace, and nothing of the standard library is used.
//
// The wrapper `V` is a DotBlock and has
//   Sums, one for each lane's pixel: sums(bias), dot(sums, pixels, weights);
//   Bytes, a quad for each lane: pixels(address) loads neighbouring pixels' quads, weights(address) repeats four weights in each lane,
//   quads(sums of four channels, their multipliers, zero point) makes bytes of sums, put(address, bytes) stores them.

namespace srvid {

namespace {

/** Stores four channels of a vector's pixels. */
template <class V>
inline void dot_store(uint8_t* out, long stride, const typename V::Bytes& quads) {
  if (stride == 4) {
    V::put(out, quads);
    return;
  }
  uint8_t each[V::kLanes * 4];
  V::put(each, quads);
#pragma GCC unroll 16
  for (int lane = 0; lane < V::kLanes; lane++) __builtin_memcpy(out + lane * stride, each + 4 * lane, 4);
}

/** `Channels` channels from `first` on, of the pixels from x on. `weights` are the block's own. */
template <class V, int Channels>
void dot_block(const DotProgram& program, const int8_t* weights, int first, const uint8_t* const* runs, long x, uint8_t* out, long outPlane) {
  using Sums = typename V::Sums;
  using Bytes = typename V::Bytes;
  Sums sums[Channels][V::kVectors];
#pragma GCC unroll 16
  for (int c = 0; c < Channels; c++) {
    const Sums bias = V::sums(program.bias[first + c]);
#pragma GCC unroll 4
    for (int v = 0; v < V::kVectors; v++) sums[c][v] = bias;
  }
  for (int run = 0; run < program.runCount; run++) {
    const uint8_t* address = runs[run] + x * 4;
    const long step = program.runs[run].step;
    for (int quad = program.runs[run].quads; quad > 0; quad--, address += step, weights += Channels * 4) {
      Bytes pixels[V::kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < V::kVectors; v++) pixels[v] = V::pixels(address + v * V::kLanes * 4);
#pragma GCC unroll 16
      for (int c = 0; c < Channels; c++) {
        const Bytes four = V::weights(weights + c * 4);
#pragma GCC unroll 4
        for (int v = 0; v < V::kVectors; v++) sums[c][v] = V::dot(sums[c][v], pixels[v], four);
      }
    }
  }
  const long stride = program.outStride;
#pragma GCC unroll 4
  for (int c = 0; c < Channels; c += 4) {
    uint8_t* to = out + (first + c) / 4 * outPlane + x * stride;
#pragma GCC unroll 4
    for (int v = 0; v < V::kVectors; v++) {
      Sums four[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) four[i] = c + i < Channels ? sums[c + i < Channels ? c + i : 0][v] : V::sums(0);
      dot_store<V>(to + v * V::kLanes * stride, stride, V::quads(four, program.multiplier + first + c, program.zeroPoint));
    }
  }
}

/** The block of `channels` channels, of which there is code for each number. */
template <class V, int Channels>
inline void dot_block_of(int channels, const DotProgram& program, const int8_t* weights, int first, const uint8_t* const* runs, long x, uint8_t* out, long outPlane) {
  if constexpr (Channels > 0) {
    if (channels == Channels) {
      dot_block<V, Channels>(program, weights, first, runs, x, out, outPlane);
    } else {
      dot_block_of<V, Channels - 1>(channels, program, weights, first, runs, x, out, outPlane);
    }
  }
}

template <class V>
void dot_row(const DotProgram& program, const uint8_t* const* runs, uint8_t* out, ptrdiff_t outPlane, int width) noexcept {
  long weightBytes = 0;
  for (int run = 0; run < program.runCount; run++) weightBytes += 4L * program.runs[run].quads;
  for (long x = 0; x < width; x += V::kVectors * V::kLanes) {
    int first = 0;
    while (first < program.channels) {
      const int channels = dot_block_channels(program.channels - first, V::kChannels);
      dot_block_of<V, V::kChannels>(channels, program, program.weights + first * weightBytes, first, runs, x, out, outPlane);
      first += channels;
    }
  }
}

}  // namespace

}  // namespace srvid
