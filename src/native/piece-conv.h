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
};

/** A convolution packed for a kernel of this shape, whose rows `row` computes. */
std::unique_ptr<RowConv> pack_pieces(const Windows& windows, PieceShape shape, PieceRow row);

}  // namespace srvid
