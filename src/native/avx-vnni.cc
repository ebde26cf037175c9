// Compiled for AVX-VNNI, the dot product on 256 bits; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVXVNNI__)

#include <immintrin.h>

#include "dot-rows.h"

namespace srvid {

namespace {

struct AvxVnni : AvxVnniBlock {
  using Sums = __m256i;
  using Bytes = __m256i;
  static Sums sums(int32_t bias) { return _mm256_set1_epi32(bias); }
  static Bytes pixels(const uint8_t* address) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(address)); }
  static Bytes weights(const int8_t* address) {
    int four;
    __builtin_memcpy(&four, address, sizeof four);
    return _mm256_set1_epi32(four);
  }
  /** The instruction itself; see avx512-vnni.cc. */
  static Sums dot(Sums sums, Bytes pixels, Bytes weights) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(pixels), "x"(weights));
    return sums;
  }
  /** In each half of a vector the packs leave four pixels' bytes of one channel side by side. */
  static Bytes quads(const Sums* sums, const float* multiplier, int zeroPoint) {
    const __m256i zero = _mm256_set1_epi16(static_cast<short>(zeroPoint));
    __m256i words[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) words[c] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[c]), _mm256_set1_ps(multiplier[c])));
    const __m256i front = _mm256_adds_epi16(_mm256_packs_epi32(words[0], words[1]), zero);
    const __m256i back = _mm256_adds_epi16(_mm256_packs_epi32(words[2], words[3]), zero);
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm256_shuffle_epi8(_mm256_packus_epi16(front, back), order);
  }
  static void put(uint8_t* address, Bytes quads) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(address), quads); }
};

}  // namespace

DotRow avx_vnni_row() noexcept { return dot_row<AvxVnni>; }

}  // namespace srvid

#endif
