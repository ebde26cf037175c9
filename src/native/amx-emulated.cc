// The AMX kernel with tiles in plain C++: the same shapes, packing, order of sums and borders.
#include "amx-rows.h"
#include "requantise.h"

namespace srvid {

namespace {

struct EmulatedTiles {
  template <int Tile>
  void zero() {
    __builtin_memset(tile[Tile], 0, kAmxTile);
  }
  template <int Tile>
  void load(const void* address, long stride) {
    for (int row = 0; row < 16; row++) __builtin_memcpy(tile[Tile] + 64 * row, static_cast<const uint8_t*>(address) + row * stride, 64);
  }
  /** TDPBUSD: sums[m][n] += pixels[m][4 k + i] x weights[k][4 n + i], bytes of pixels without sign, those of weights with. */
  template <int Sums, int Pixels, int Weights>
  void dot() {
    for (int m = 0; m < 16; m++) {
      int32_t sums[16];
      __builtin_memcpy(sums, tile[Sums] + 64 * m, sizeof sums);
      for (int k = 0; k < 16; k++) {
        for (int n = 0; n < 16; n++) {
          for (int i = 0; i < 4; i++) sums[n] += tile[Pixels][64 * m + 4 * k + i] * static_cast<int8_t>(tile[Weights][64 * k + 4 * n + i]);
        }
      }
      __builtin_memcpy(tile[Sums] + 64 * m, sums, sizeof sums);
    }
  }
  template <int Tile>
  void save(int32_t* address) {
    __builtin_memcpy(address, tile[Tile], kAmxTile);
  }
  struct Requantiser {
    const int32_t* bias;
    const float* multiplier;
    int zeroPoint;
    int channels;
    Requantiser(const int32_t* b, const float* m, int zero, int count) : bias(b), multiplier(m), zeroPoint(zero), channels(count) {}
    void store(uint8_t* out, long stride, const int32_t (*sums)[kAmxGroup]) const {
      for (int p = 0; p < 4; p++, out += stride) {
        for (int channel = 0; channel < channels; channel++) out[channel] = requantised(sums[p][channel] + bias[channel], multiplier[channel], zeroPoint);
      }
    }
  };

  alignas(64) uint8_t tile[8][kAmxTile];
};

}  // namespace

PieceRow amx_emulated_row() noexcept { return amx_row_of<EmulatedTiles>; }

}  // namespace srvid
