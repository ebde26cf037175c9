// Compiled for AVX-VNNI, the dot product on 256 bits; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__AVXVNNI__)

#include "avx2-store.h"
#include "dot-rows.h"

namespace srvid {

namespace {

struct AvxVnni : AvxVnniBlock {
  static __m256i sums(const int32_t* bias) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias)); }
  static __m256i weights(const int8_t* address) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(address)); }
  static __m256i quad(const uint8_t* address) { return _mm256_set1_epi32(static_cast<int>(quad_at(address))); }
  /** The instruction itself; see avx512-vnni.cc. */
  static __m256i dot(__m256i sums, __m256i bytes, __m256i weights) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(bytes), "x"(weights));
    return sums;
  }
  static void store(uint8_t* out, long stride, const __m256i* sums, const float* multiplier, int zeroPoint, int channels) {
    store_six(out, stride, sums, multiplier, zeroPoint, channels);
  }
};

}  // namespace

PieceRow avx_vnni_row() noexcept { return dot_row<AvxVnni>; }

}  // namespace srvid

#endif
