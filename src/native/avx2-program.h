#pragma once

#include <cstdint>

#include "packed.h"

namespace srvid {

/**
 * The AVX2 kernel's way to compute eight channels. VPMADDUBSW multiplies 32 bytes at once, but adds pairs of products in 16 bits, where they may
 * overflow; widening first is exact and half as fast. So the four-byte pieces of a window ("quads") are put into bins when weights are packed:
 * within a bin no input whatever can make a 16-bit sum overflow, and sums are widened once a bin. A quad whose weights alone could overflow is
 * split in two, with a part of the weights each. Weights are [entry][8 channels][4 bytes], on a 32-byte line; bias and multipliers are [block][8],
 * as floats' and sums' lanes.
 */
struct Avx2Program : Packed {
  /** Neighbouring bins with as many entries each, from 1 to kMostEntries: a loop for each number has no branches that are hard to foresee. */
  struct Group {
    int entries;
    int bins;
    /** Bytes from pixel to pixel in the runs that the bins' entries read. */
    int stride;
  };
  struct Entry {
    int run;
    /** In bytes, from the begin of the run. */
    int offset;
  };
  struct Block {
    int firstGroup;
    int groups;
    int firstEntry;
    /** Channels that are stored: 4 or 8. */
    int channels;
  };
  const Block* blocks;
  int blockCount;
  const Group* groups;
  const Entry* entries;
  int entryCount;
};

/** Quads in a bin at most. */
inline constexpr int kMostEntries = 8;

/** Computes a row; see RowConv::row. `addresses` has room for a pointer for each entry. */
void avx2_row(const Avx2Program& program, const uint8_t** addresses, const uint8_t* const* runs, uint8_t* out, int width) noexcept;

/** The products and 16-bit sums of full bins alone; see Kernel::bareLoop. */
double avx2_bare_loop(long rounds) noexcept;

/** True where the compiler knew AVX2. */
bool avx2_compiled() noexcept;

}  // namespace srvid
