#pragma once

#include <cstdint>

#include <immintrin.h>

// The AVX2 kernel's way from sums to bytes.

namespace srvid {

namespace {

inline void store_channels(uint8_t* out, __m128i bytes, int channels) {
  if (channels == 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes);
  } else {
    const int quad = _mm_cvtsi128_si32(bytes);
    __builtin_memcpy(out, &quad, sizeof quad);
  }
}

/** Stores the sums of two or four pixels as bytes. In each half of a vector, the packs leave four bytes of each pixel side by side. */
inline __attribute__((always_inline)) void store_pixels(uint8_t* out, long stride, const __m256i* sums, __m256 multiplier, __m256i zeroPoint, int channels,
                                                        int pixels) {
  __m256i words[4];
#pragma GCC unroll 4
  for (int p = 0; p < pixels; p++) words[p] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[p]), multiplier));
  const __m256i first = _mm256_adds_epi16(_mm256_packs_epi32(words[0], words[1]), zeroPoint);
  const __m256i second = pixels == 2 ? first : _mm256_adds_epi16(_mm256_packs_epi32(words[2], words[3]), zeroPoint);
  const __m256i bytes = _mm256_packus_epi16(first, second);
  const __m128i low = _mm256_castsi256_si128(bytes);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  const __m128i front = _mm_unpacklo_epi32(low, high);
  store_channels(out, front, channels);
  store_channels(out + stride, _mm_unpackhi_epi64(front, front), channels);
  if (pixels == 2) return;
  const __m128i back = _mm_unpackhi_epi32(low, high);
  store_channels(out + 2 * stride, back, channels);
  store_channels(out + 3 * stride, _mm_unpackhi_epi64(back, back), channels);
}

/** Stores the sums of six pixels. */
inline void store_six(uint8_t* out, long stride, const __m256i* sums, const float* multiplier, int zeroPoint, int channels) {
  const __m256 factors = _mm256_loadu_ps(multiplier);
  const __m256i zero = _mm256_set1_epi16(static_cast<short>(zeroPoint));
  store_pixels(out, stride, sums, factors, zero, channels, 4);
  store_pixels(out + 4 * stride, stride, sums + 4, factors, zero, channels, 2);
}

}  // namespace

}  // namespace srvid
