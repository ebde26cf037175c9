#pragma once

#include "piece-program.h"

namespace srvid {

/*
 * Convolutions by AMX. A tile has 16 rows of 64 bytes. Sixteen pixels' runs, in pieces of 64 bytes ("chunks"), are loaded from the rows of
 * the picture as they lie; a tile of weights has 16 channels for one chunk. A block is 32 pixels x 32 channels: four tiles of sums.
 */

/** The row with AMX's instructions; null where the compiler did not know them. */
PieceRow amx_row() noexcept;
/** Configure a thread's tiles, and give them back. */
void amx_enter() noexcept;
void amx_leave() noexcept;
/** The tiles' products alone; see Kernel::bareLoop. */
double amx_bare_loop(long rounds) noexcept;

/** The row with tiles in plain C++, which need no configuration. */
PieceRow amx_emulated_row() noexcept;

inline constexpr int kAmxGroup = 16;
inline constexpr int kAmxChunk = 64;
inline constexpr int kAmxTile = 1024;

}  // namespace srvid
