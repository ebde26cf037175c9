// Compiled for Arm's dot product; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__ARM_FEATURE_DOTPROD)

#include <arm_neon.h>

#include "dot-rows.h"

namespace srvid {

namespace {

/** The instruction takes signed bytes on both sides: 128 is subtracted from the picture's, and the packing adds 128 x weights to the bias. */
struct NeonDot : NeonDotBlock {
  static int8x16_t weights(int32_t four) { return vreinterpretq_s8_s32(vdupq_n_s32(four)); }
  static int8x16_t pixels(const uint8_t* address) { return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(address), vdupq_n_u8(0x80))); }
  static void put(uint8_t* address, uint8x16_t quads) { vst1q_u8(address, quads); }
  static int32x4_t sums(int32_t bias) { return vdupq_n_s32(bias); }
  static int32x4_t scaled(int32x4_t sums, float multiplier) { return vcvtnq_s32_f32(vmulq_n_f32(vcvtq_f32_s32(sums), multiplier)); }
  /** The instruction itself; see avx512-vnni.cc. */
  static int32x4_t dot(int32x4_t sums, int8x16_t pixels, int8x16_t weights) {
    __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(pixels), "w"(weights));
    return sums;
  }
  static uint8x8_t narrowed(int32x4_t first, int32x4_t second, int zeroPoint) {
    return vqmovun_s16(vqaddq_s16(vcombine_s16(vqmovn_s32(first), vqmovn_s32(second)), vdupq_n_s16(static_cast<int16_t>(zeroPoint))));
  }
  static uint8x16_t quads(uint8x8_t front, uint8x8_t back) {
    constexpr uint8_t kOrder[] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    return vqtbl1q_u8(vcombine_u8(front, back), vld1q_u8(kOrder));
  }
};

}  // namespace

DotRow neon_dot_row() noexcept { return dot_row<NeonDot>; }
double neon_dot_bare_loop(long rounds) noexcept { return dot_bare_loop<NeonDot>(rounds); }

}  // namespace srvid

#endif
