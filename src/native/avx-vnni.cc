// Compiled for AVX-VNNI, the dot product on 256 bits; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVXVNNI__)

#include "avx2-store.h"
#include "dot-rows.h"

namespace srvid {

namespace {

struct AvxVnni {
  static constexpr int kLanes = kAvxVnniLanes;
  static constexpr int kPixels = 6;
  static constexpr int kVectors = 2;
  using Sums = __m256i;
  using Bytes = __m256i;
  static Sums sums(const int32_t* bias) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias)); }
  static Bytes weights(const int8_t* address) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(address)); }
  static Bytes quad(const uint8_t* address) {
    int value;
    __builtin_memcpy(&value, address, sizeof value);
    return _mm256_set1_epi32(value);
  }
  /** The instruction itself; see avx512-vnni.cc. */
  static Sums dot(Sums sums, Bytes bytes, Bytes weights) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(bytes), "x"(weights));
    return sums;
  }
  static void store(uint8_t* out, long stride, const Sums* sums, const float* multiplier, int zeroPoint, int channels) {
    store_six(out, stride, sums, multiplier, zeroPoint, channels);
  }
};

}  // namespace

DotRow avx_vnni_row() noexcept { return dot_row<AvxVnni>; }

}  // namespace srvid

#else

namespace srvid {

DotRow avx_vnni_row() noexcept { return nullptr; }

}  // namespace srvid

#endif
