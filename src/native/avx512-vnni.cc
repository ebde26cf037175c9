// Compiled for AVX-512 with VNNI; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__)

#include "avx512-store.h"
#include "dot-rows.h"

namespace srvid {

namespace {

struct Avx512Vnni {
  static constexpr int kLanes = kAvx512VnniLanes;
  static constexpr int kPixels = 12;
  static constexpr int kVectors = 2;
  using Sums = __m512i;
  using Bytes = __m512i;
  static Sums sums(const int32_t* bias) { return _mm512_loadu_si512(bias); }
  static Bytes weights(const int8_t* address) { return _mm512_loadu_si512(address); }
  static Bytes quad(const uint8_t* address) {
    int value;
    __builtin_memcpy(&value, address, sizeof value);
    return _mm512_set1_epi32(value);
  }
  /** The instruction itself: around the function for it GCC 12 copies every sum from register to register twice. */
  static Sums dot(Sums sums, Bytes bytes, Bytes weights) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(bytes), "v"(weights));
    return sums;
  }
  static void store(uint8_t* out, long stride, const Sums* sums, const float* multiplier, int zeroPoint, int channels) {
    const __m512 factors = _mm512_loadu_ps(multiplier);
    const __m512i zero = _mm512_set1_epi16(static_cast<short>(zeroPoint));
#pragma GCC unroll 4
    for (int p = 0; p < kPixels; p += 4) store_four(out + p * stride, stride, sums + p, factors, zero, channels);
  }
};

}  // namespace

DotRow avx512_vnni_row() noexcept { return dot_row<Avx512Vnni>; }

}  // namespace srvid

#else

namespace srvid {

DotRow avx512_vnni_row() noexcept { return nullptr; }

}  // namespace srvid

#endif
