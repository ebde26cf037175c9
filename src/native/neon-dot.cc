// Compiled for Arm's dot product; see avx2.cc for what may not be used here.
#include "dot-program.h"

#if defined(__ARM_FEATURE_DOTPROD)

#include <arm_neon.h>

#include "dot-rows.h"

namespace srvid {

namespace {

/** The instruction takes signed bytes on both sides: 128 is subtracted from the picture's, and the packing adds 128 x weights to the bias. */
struct NeonDot : NeonDotBlock {
  using Sums = int32x4_t;
  using Bytes = int8x16_t;
  static Sums sums(int32_t bias) { return vdupq_n_s32(bias); }
  static Bytes pixels(const uint8_t* address) { return vreinterpretq_s8_u8(veorq_u8(vld1q_u8(address), vdupq_n_u8(0x80))); }
  static Bytes weights(const int8_t* address) {
    int32_t four;
    __builtin_memcpy(&four, address, sizeof four);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
  }
  /** The instruction itself; see avx512-vnni.cc. */
  static Sums dot(Sums sums, Bytes pixels, Bytes weights) {
    __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sums) : "w"(pixels), "w"(weights));
    return sums;
  }
  static Bytes quads(const Sums* sums, const float* multiplier, int zeroPoint) {
    const int16x8_t zero = vdupq_n_s16(static_cast<int16_t>(zeroPoint));
    int16x4_t words[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; c++) words[c] = vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vcvtq_f32_s32(sums[c]), multiplier[c])));
    const uint8x8_t front = vqmovun_s16(vqaddq_s16(vcombine_s16(words[0], words[1]), zero));
    const uint8x8_t back = vqmovun_s16(vqaddq_s16(vcombine_s16(words[2], words[3]), zero));
    constexpr uint8_t kOrder[] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    return vreinterpretq_s8_u8(vqtbl1q_u8(vcombine_u8(front, back), vld1q_u8(kOrder)));
  }
  static void put(uint8_t* address, Bytes quads) { vst1q_u8(address, vreinterpretq_u8_s8(quads)); }
};

}  // namespace

DotRow neon_dot_row() noexcept { return dot_row<NeonDot>; }

}  // namespace srvid

#endif
