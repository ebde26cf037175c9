// Compiled for AVX-512 with VNNI; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)

#include <immintrin.h>

#include "dot-rows.h"

namespace srvid {

namespace {

struct Avx512Vnni : Avx512VnniBlock {
  static __m512i sums(int32_t bias) { return _mm512_set1_epi32(bias); }
  static __m512i pixels(const uint8_t* address) { return _mm512_loadu_si512(address); }
  static __m512i weights(int32_t four) { return _mm512_set1_epi32(four); }
  /** The instruction itself: around the function for it GCC 12 copies every sum from register to register twice. */
  static __m512i dot(__m512i sums, __m512i pixels, __m512i weights) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(pixels), "v"(weights));
    return sums;
  }
  static __m512i scaled(__m512i sums, float multiplier) { return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(multiplier))); }
  static __m512i narrowed(__m512i first, __m512i second, int zeroPoint) {
    return _mm512_adds_epi16(_mm512_packs_epi32(first, second), _mm512_set1_epi16(static_cast<short>(zeroPoint)));
  }
  /** In each quarter of a vector the packs leave four pixels' bytes of one channel side by side. */
  static __m512i quads(__m512i front, __m512i back) {
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm512_shuffle_epi8(_mm512_packus_epi16(front, back), order);
  }
  static void put(uint8_t* address, __m512i quads) { _mm512_storeu_si512(address, quads); }
};

}  // namespace

DotRow avx512_vnni_row() noexcept { return dot_row<Avx512Vnni>; }
double avx512_vnni_bare_loop(long rounds) noexcept { return dot_bare_loop<Avx512Vnni>(rounds); }

}  // namespace srvid

#endif
