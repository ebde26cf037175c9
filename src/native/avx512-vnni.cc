// Compiled for AVX-512 with VNNI; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)

#include "avx512-store.h"
#include "dot-rows.h"

namespace srvid {

namespace {

struct Avx512Vnni : Avx512VnniBlock {
  static __m512i sums(const int32_t* bias) { return _mm512_loadu_si512(bias); }
  static __m512i weights(const int8_t* address) { return _mm512_loadu_si512(address); }
  static __m512i quad(const uint8_t* address) { return _mm512_set1_epi32(static_cast<int>(quad_at(address))); }
  /** The instruction itself: around the function for it GCC 12 copies every sum from register to register twice. */
  static __m512i dot(__m512i sums, __m512i bytes, __m512i weights) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(bytes), "v"(weights));
    return sums;
  }
  static void store(uint8_t* out, long stride, const __m512i* sums, const float* multiplier, int zeroPoint, int channels) {
    const __m512 factors = _mm512_loadu_ps(multiplier);
    const __m512i zero = _mm512_set1_epi16(static_cast<short>(zeroPoint));
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; p += 4) store_four(out + p * stride, stride, sums + p, factors, zero, channels);
  }
};

}  // namespace

PieceRow avx512_vnni_row() noexcept { return dot_row<Avx512Vnni>; }

}  // namespace srvid

#endif
