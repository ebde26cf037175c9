// Compiled for AVX-512 with VNNI; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)

#include <immintrin.h>

#include "dot-rows.h"

namespace srvid {

namespace {

struct Avx512Vnni : Avx512VnniBlock {
  using Sums = __m512i;
  using Bytes = __m512i;
  static Sums sums(int32_t bias) { return _mm512_set1_epi32(bias); }
  static Bytes pixels(const uint8_t* address) { return _mm512_loadu_si512(address); }
  static Bytes weights(const int8_t* address) {
    int four;
    __builtin_memcpy(&four, address, sizeof four);
    return _mm512_set1_epi32(four);
  }
  /** The instruction itself: around the function for it GCC 12 copies every sum from register to register twice. */
  static Sums dot(Sums sums, Bytes pixels, Bytes weights) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(pixels), "v"(weights));
    return sums;
  }
  /** In each quarter of a vector the packs leave four pixels' bytes of one channel side by side. */
  static Bytes quads(const Sums* sums, const float* multiplier, int zeroPoint) {
    const __m512i zero = _mm512_set1_epi16(static_cast<short>(zeroPoint));
    __m512i words[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) words[c] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[c]), _mm512_set1_ps(multiplier[c])));
    const __m512i front = _mm512_adds_epi16(_mm512_packs_epi32(words[0], words[1]), zero);
    const __m512i back = _mm512_adds_epi16(_mm512_packs_epi32(words[2], words[3]), zero);
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm512_shuffle_epi8(_mm512_packus_epi16(front, back), order);
  }
  static void put(uint8_t* address, Bytes quads) { _mm512_storeu_si512(address, quads); }
};

}  // namespace

DotRow avx512_vnni_row() noexcept { return dot_row<Avx512Vnni>; }

}  // namespace srvid

#endif
