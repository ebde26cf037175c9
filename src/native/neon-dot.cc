// Compiled for Arm's dot product; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__ARM_FEATURE_DOTPROD)

#include <arm_neon.h>

#include "dot-rows.h"

namespace srvid {

namespace {

/** The instruction takes signed bytes on both sides: 128 is subtracted from the picture's, and the packing adds 128 x weights to the bias. */
struct NeonDot : NeonDotBlock {
  static int32x4_t sums(const int32_t* bias) { return vld1q_s32(bias); }
  static int8x16_t weights(const int8_t* address) { return vld1q_s8(address); }
  static int8x16_t quad(const uint8_t* address) { return vreinterpretq_s8_u32(vdupq_n_u32(quad_at(address) ^ 0x80808080u)); }
  /** The instruction itself; see avx512-vnni.cc. */
  static int32x4_t dot(int32x4_t sums, int8x16_t bytes, int8x16_t weights) {
    __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(bytes), "w"(weights));
    return sums;
  }
  static void store(uint8_t* out, long stride, const int32x4_t* sums, const float* multiplier, int zeroPoint, int) {
    const float32x4_t factors = vld1q_f32(multiplier);
    const int16x4_t zero = vdup_n_s16(static_cast<int16_t>(zeroPoint));
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; p++) {
      const int16x4_t words = vqadd_s16(vqmovn_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums[p]), factors))), zero);
      const uint8x8_t bytes = vqmovun_s16(vcombine_s16(words, words));
      const uint32_t quad = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
      __builtin_memcpy(out + p * stride, &quad, sizeof quad);
    }
  }
};

}  // namespace

PieceRow neon_dot_row() noexcept { return dot_row<NeonDot>; }

}  // namespace srvid

#endif
