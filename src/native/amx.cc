// Compiled for AMX with int8, and AVX-512, which every processor with AMX has; see avx2.cc for what may not be used here.
#include "amx-program.h"

#if defined(__AMX_INT8__) && defined(__AVX512BW__)

#include <immintrin.h>

#include "amx-rows.h"
#include "amx-store.h"

namespace srvid {

namespace {

/** The instructions themselves, since compilers' functions for them take literal numbers only, and some do not say that a load reads memory. */
struct Tiles {
  template <int Tile>
  void zero() {
    __asm__ volatile("tilezero %%tmm%c0" ::"i"(Tile));
  }
  template <int Tile>
  void load(const void* address, long stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(address), "r"(stride), "i"(Tile) : "memory");
  }
  template <int Sums, int Pixels, int Weights>
  void dot() {
    __asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sums), "i"(Pixels), "i"(Weights));
  }
  template <int Tile>
  void save(int32_t* address) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(address), "r"(64L), "i"(Tile) : "memory");
  }
  class Requantiser {
   public:
    Requantiser(const int32_t* bias, const float* multiplier, int zeroPoint, int channels)
        : bias_(_mm512_load_si512(bias)), multiplier_(_mm512_load_ps(multiplier)), zeroPoint_(_mm512_set1_epi16(static_cast<short>(zeroPoint))), channels_(channels) {}
    void store(uint8_t* out, long stride, const int32_t (*sums)[kAmxGroup]) const {
      __m512i biased[4];
#pragma GCC unroll 4
      for (int p = 0; p < 4; p++) biased[p] = _mm512_add_epi32(_mm512_load_si512(sums[p]), bias_);
      store_four(out, stride, biased, multiplier_, zeroPoint_, channels_);
    }

   private:
    __m512i bias_;
    __m512 multiplier_;
    __m512i zeroPoint_;
    int channels_;
  };
};

/** The operand of LDTILECFG. */
struct Configuration {
  uint8_t palette = 1;
  uint8_t start = 0;
  uint8_t reserved[14] = {};
  uint16_t bytesOfRow[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64, "the processor reads 64 bytes");

}  // namespace

PieceRow amx_row() noexcept { return amx_row_of<Tiles>; }

void amx_enter() noexcept {
  Configuration configuration;
  for (int tile = 0; tile < 8; tile++) {
    configuration.bytesOfRow[tile] = 64;
    configuration.rows[tile] = 16;
  }
  __asm__ volatile("ldtilecfg %0" ::"m"(configuration));
}

double amx_bare_loop(long rounds) noexcept {
  Tiles tiles;
  tiles.zero<4>();
  tiles.zero<5>();
  tiles.zero<6>();
  tiles.zero<7>();
  for (long round = 0; round < rounds; round++) {
    tiles.dot<0, 4, 6>();
    tiles.dot<1, 5, 6>();
    tiles.dot<2, 4, 7>();
    tiles.dot<3, 5, 7>();
  }
  return static_cast<double>(rounds) * 4 * 16 * 16 * 64;
}

void amx_leave() noexcept { __asm__ volatile("tilerelease"); }

}  // namespace srvid

#endif
