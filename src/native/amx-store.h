#pragma once

#include <cstdint>

#include <immintrin.h>

// The AMX kernel's way from sums to bytes.

namespace srvid {

namespace {

/** Stores 4, 8, 12 or 16 channels of a pixel. Masked stores of bytes are not used: some processors take tens of cycles for one. */
inline __attribute__((always_inline)) void store_channels(uint8_t* out, __m128i bytes, int channels) {
  if (channels == 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    return;
  }
  if (channels >= 8) _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes);
  if (channels == 8) return;
  const int quad = channels == 4 ? _mm_cvtsi128_si32(bytes) : _mm_extract_epi32(bytes, 2);
  __builtin_memcpy(out + channels - 4, &quad, sizeof quad);
}

/** Stores the sums of four pixels as bytes. In each quarter of a vector, the packs leave four bytes of each pixel side by side. */
inline __attribute__((always_inline)) void store_four(uint8_t* out, long stride, const __m512i* sums, __m512 multiplier, __m512i zeroPoint, int channels) {
  __m512i words[4];
#pragma GCC unroll 4
  for (int p = 0; p < 4; p++) words[p] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[p]), multiplier));
  const __m512i first = _mm512_adds_epi16(_mm512_packs_epi32(words[0], words[1]), zeroPoint);
  const __m512i second = _mm512_adds_epi16(_mm512_packs_epi32(words[2], words[3]), zeroPoint);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second));
  store_channels(out, _mm512_castsi512_si128(bytes), channels);
  store_channels(out + stride, _mm512_extracti32x4_epi32(bytes, 1), channels);
  store_channels(out + 2 * stride, _mm512_extracti32x4_epi32(bytes, 2), channels);
  store_channels(out + 3 * stride, _mm512_extracti32x4_epi32(bytes, 3), channels);
}

}  // namespace

}  // namespace srvid
