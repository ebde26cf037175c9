#pragma once

#include "amx-program.h"

// The loops of the AMX kernel, over a thin wrapper of the tiles. This file is compiled anew for the instructions and for their emulation, so
// all of it is in an unnamed namespace, and nothing of the standard library is used.
//
// The wrapper `T` has zero<tile>(), load<tile>(address, stride), dot<sums, pixels, weights>(), save<tile>(address), all on eight tiles; and
// Requantiser(bias, multiplier, zero point, channels) with store(out, stride, sums) for up to sixteen channels of four pixels.

namespace srvid {

namespace {

/** Pixels of a block: two tiles. */
constexpr int kAmxPixels = 32;

/** Sums of a block that were saved and are still to be stored as bytes. */
struct Unstored {
  /** [group of the block][pixel][channel]. */
  alignas(64) int32_t sums[2][kAmxPixels][kAmxGroup];
  uint8_t* out;
  int group;
  int groups;
  /** Pixels that are stored, of `groups` x kAmxPixels. */
  int done;
};

/** Stores up to `count` pixels, all of one group; a multiple of 4. */
template <class T>
inline void store_some(const PieceProgram& program, Unstored& block, int count) {
  const int part = block.done / kAmxPixels;
  if (part == block.groups) return;
  const int pixel = block.done % kAmxPixels;
  const int end = pixel + count < kAmxPixels ? pixel + count : kAmxPixels;
  const int first = (block.group + part) * kAmxGroup;
  const int left = program.outStride - first;
  const typename T::Requantiser requantiser(program.bias + first, program.multiplier + first, program.zeroPoint, left < kAmxGroup ? left : kAmxGroup);
  const long stride = program.outStride;
  uint8_t* out = block.out + first;
  for (int p = pixel; p < end; p += 4) requantiser.store(out + p * stride, stride, block.sums[part] + p);
  block.done += end - pixel;
}

/** Stores what is left of a block. */
template <class T>
inline void finish(const PieceProgram& program, Unstored& block) {
  while (block.done < block.groups * kAmxPixels) store_some<T>(program, block, kAmxPixels);
}

/**
 * One block. Between its tile operations the block before is stored as bytes: the two use different units of the core, which so work at once.
 */
template <class T, int Groups>
inline void amx_block(T& tiles, const PieceProgram& program, const uint8_t* const* runs, long x, int group, Unstored& block, Unstored& before) {
  tiles.template zero<0>();
  tiles.template zero<1>();
  if constexpr (Groups == 2) {
    tiles.template zero<2>();
    tiles.template zero<3>();
  }
  const int8_t* weights = program.weights + static_cast<long>(group) * program.pieces * kAmxTile;
  const long toNext = static_cast<long>(program.pieces) * kAmxTile;
  const int slice = (2 * kAmxPixels / program.pieces + 4) / 4 * 4;
  for (int run = 0; run < program.runCount; run++) {
    const long stride = program.runs[run].stride;
    const uint8_t* address = runs[run] + x * stride;
    for (int chunk = program.runs[run].pieces; chunk > 0; chunk--, address += kAmxChunk, weights += kAmxTile) {
      tiles.template load<4>(address, stride);
      tiles.template load<5>(address + kAmxPixels / 2 * stride, stride);
      tiles.template load<6>(weights, 64);
      tiles.template dot<0, 4, 6>();
      tiles.template dot<1, 5, 6>();
      if constexpr (Groups == 2) {
        tiles.template load<7>(weights + toNext, 64);
        tiles.template dot<2, 4, 7>();
        tiles.template dot<3, 5, 7>();
      }
      store_some<T>(program, before, slice);
    }
  }
  finish<T>(program, before);
  tiles.template save<0>(block.sums[0][0]);
  tiles.template save<1>(block.sums[0][kAmxPixels / 2]);
  if constexpr (Groups == 2) {
    tiles.template save<2>(block.sums[1][0]);
    tiles.template save<3>(block.sums[1][kAmxPixels / 2]);
  }
  block.group = group;
  block.groups = Groups;
  block.done = 0;
}

template <class T>
void amx_row_of(const PieceProgram& program, const uint8_t* const* runs, uint8_t* out, int width) noexcept {
  T tiles;
  Unstored blocks[2];
  blocks[1].groups = 0;
  blocks[1].done = 0;
  int current = 0;
  for (long x = 0; x < width; x += kAmxPixels) {
    for (int group = 0; group < program.groups; group += 2, current ^= 1) {
      Unstored& block = blocks[current];
      Unstored& before = blocks[current ^ 1];
      block.out = out + x * program.outStride;
      if (group + 1 < program.groups) {
        amx_block<T, 2>(tiles, program, runs, x, group, block, before);
      } else {
        amx_block<T, 1>(tiles, program, runs, x, group, block, before);
      }
    }
  }
  finish<T>(program, blocks[current ^ 1]);
}

}  // namespace

}  // namespace srvid
