#pragma once

#include <cstdint>

#include <immintrin.h>

// Shared by the kernels with AVX-512. Compiled anew for each, hence the unnamed namespace.

namespace srvid {

namespace {

/** Sixteen sums of a pixel as bytes, of which `mask` says which are stored. */
inline void store_sixteen(uint8_t* out, __m512i sums, __m512 multiplier, __m512i zeroPoint, __mmask16 mask) {
  const __m512i scaled = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), multiplier));
  const __m512i positive = _mm512_max_epi32(_mm512_add_epi32(scaled, zeroPoint), _mm512_setzero_si512());
  _mm512_mask_cvtusepi32_storeu_epi8(out, mask, positive);
}

inline __mmask16 mask_of(int channels) { return static_cast<__mmask16>((1u << channels) - 1); }

}  // namespace

}  // namespace srvid
