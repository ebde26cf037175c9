#pragma once

#include <cstdint>

namespace srvid {

/**
 * A convolution for AMX. A tile has 16 rows of 64 bytes. Sixteen pixels' runs, in pieces of 64 bytes ("chunks"), are loaded from the rows of
 * the picture as they lie; a tile of weights has 16 channels for one chunk. A block is 32 pixels x 32 channels: four tiles of sums.
 */
struct AmxProgram {
  struct Run {
    /** Bytes from pixel to pixel. */
    int stride;
    int chunks;
  };
  const Run* runs;
  int runCount;
  /** Chunks of all runs together. */
  int chunks;
  /** Tiles of 16 channels. */
  int groups;
  /** [group][chunk][quad of the chunk][channel][4 bytes]: a tile is 1 KiB. */
  const int8_t* weights;
  /** [group][16]. */
  const int32_t* bias;
  const float* multiplier;
  /** Bytes from pixel to pixel of the result, a multiple of 4. */
  int outStride;
  int zeroPoint;
};

/** Computes a row; see RowConv::row. */
using AmxRow = void (*)(const AmxProgram& program, const uint8_t* const* runs, uint8_t* out, int width) noexcept;

/** The row with AMX's instructions; null where the compiler did not know them. */
AmxRow amx_row() noexcept;
/** Configure a thread's tiles, and give them back. */
void amx_enter() noexcept;
void amx_leave() noexcept;

/** The row with tiles in plain C++, which need no configuration. */
AmxRow amx_emulated_row() noexcept;

inline constexpr int kAmxGroup = 16;
inline constexpr int kAmxChunk = 64;
inline constexpr int kAmxTile = 1024;

}  // namespace srvid
