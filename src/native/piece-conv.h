#pragma once

#include <memory>

#include "kernel.h"
#include "piece-program.h"

namespace srvid {

/** The pieces and groups of a kernel. */
struct PieceShape {
  /** Channels of a group. */
  int channels;
  /** Bytes of a piece, a multiple of 4. */
  int bytes;
  /** The kernel subtracts 128 from the picture's bytes: the packing adds 128 x weights to the bias. */
  bool signedBytes = false;
};

/** A convolution packed for a kernel of this shape, whose rows `row` computes. */
std::unique_ptr<RowConv> pack_pieces(const Windows& windows, PieceShape shape, PieceRow row);

}  // namespace srvid
