#pragma once

#include "dot-program.h"

// The loops of the dot-product kernels, over a thin wrapper of a processor's vectors. This file is compiled anew for each instruction set, so
// all of it is in an unnamed namespace, and nothing of the standard library is used.
//
// The wrapper `V` is a DotBlock. Of a vector with a quad for each lane's pixel it has pixels(address), which loads those of neighbours, weights(four), which
// repeats four weights in each lane, and put(address, quads). Of one with a sum for each lane it has sums(bias), dot(sums, pixels, weights),
// scaled(sums, multiplier), which rounds, narrowed(sums, other sums, zero point), to 16 or 8 bits, and quads(narrowed, narrowed).

namespace srvid {

namespace {

/** Four weights as a word. */
inline int32_t four_at(const int8_t* address) {
  int32_t four;
  __builtin_memcpy(&four, address, sizeof four);
  return four;
}

/** Stores four channels of a vector's pixels. */
template <class V, class Quads>
inline void dot_store(uint8_t* out, long stride, const Quads& quads) {
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
  using Sums = decltype(V::sums(0));
  using Bytes = decltype(V::pixels(nullptr));
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
        const Bytes four = V::weights(four_at(weights + c * 4));
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
      Sums scaled[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        const bool exists = c + i < Channels;
        scaled[i] = exists ? V::scaled(sums[exists ? c + i : 0][v], program.multiplier[first + c + i]) : V::sums(0);
      }
      const auto front = V::narrowed(scaled[0], scaled[1], program.zeroPoint);
      const auto back = V::narrowed(scaled[2], scaled[3], program.zeroPoint);
      dot_store<V>(to + v * V::kLanes * stride, stride, V::quads(front, back));
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

/** A block's dot products without its loads; see Kernel::bareLoop. */
template <class V>
double dot_bare_loop(long rounds) noexcept {
  constexpr int kSums = V::kChannels * V::kVectors;
  uint8_t bytes[V::kLanes * 4] = {};
  const auto pixels = V::pixels(bytes);
  const auto weights = V::weights(0);
  decltype(V::sums(0)) sums[kSums];
#pragma GCC unroll 32
  for (int i = 0; i < kSums; i++) sums[i] = V::sums(i);
  for (long round = 0; round < rounds; round++) {
#pragma GCC unroll 32
    for (int i = 0; i < kSums; i++) sums[i] = V::dot(sums[i], pixels, weights);
  }
  // The compiler may not leave out what is stored to memory that anyone may look at.
  volatile uint8_t seen = 0;
#pragma GCC unroll 32
  for (int i = 0; i < kSums; i++) {
    const auto narrow = V::narrowed(sums[i], sums[i], 0);
    V::put(bytes, V::quads(narrow, narrow));
    seen = bytes[0];
  }
  (void)seen;
  return static_cast<double>(rounds) * kSums * V::kLanes * 4;
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
