// Compiled for AVX-VNNI, the dot product on 256 bits; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVXVNNI__)

#include <immintrin.h>

#include "dot-rows.h"

namespace srvid {

namespace {

struct AvxVnni : AvxVnniBlock {
  static __m256i pixels(const uint8_t* address) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(address)); }
  static void put(uint8_t* address, __m256i quads) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(address), quads); }
  static __m256i weights(int32_t four) { return _mm256_set1_epi32(four); }
  static __m256i sums(int32_t bias) { return _mm256_set1_epi32(bias); }
  static __m256i scaled(__m256i sums, float multiplier) { return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(multiplier))); }
  /** The instruction itself; see avx512-vnni.cc. */
  static __m256i dot(__m256i sums, __m256i pixels, __m256i weights) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(pixels), "x"(weights));
    return sums;
  }
  static __m256i narrowed(__m256i first, __m256i second, int zeroPoint) {
    return _mm256_adds_epi16(_mm256_packs_epi32(first, second), _mm256_set1_epi16(static_cast<short>(zeroPoint)));
  }
  /** In each half of a vector the packs leave four pixels' bytes of one channel side by side. */
  static __m256i quads(__m256i front, __m256i back) {
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm256_shuffle_epi8(_mm256_packus_epi16(front, back), order);
  }
};

}  // namespace

DotRow avx_vnni_row() noexcept { return dot_row<AvxVnni>; }
double avx_vnni_bare_loop(long rounds) noexcept { return dot_bare_loop<AvxVnni>(rounds); }

}  // namespace srvid

#endif
