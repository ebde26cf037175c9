#pragma once

#include "packed.h"

namespace srvid {

/**
 * A convolution for kernels that read runs in pieces of as many bytes each and compute a group of channels at once; a group's last channels
 * and a run's last piece may be filled up with weights of 0. Weights are [group][piece][four bytes of the piece][channel of the group][4 bytes],
 * on a 64-byte line; bias and multipliers are [group][channel of the group].
 */
struct PieceProgram : Packed {
  struct Run {
    /** Bytes from pixel to pixel. */
    int stride;
    int pieces;
  };
  const Run* runs;
  int runCount;
  /** Pieces of all runs together. */
  int pieces;
  int groups;
};

/** Computes a row; see RowConv::row. */
using PieceRow = void (*)(const PieceProgram& program, const uint8_t* const* runs, uint8_t* out, int width) noexcept;

}  // namespace srvid
