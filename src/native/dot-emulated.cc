// The dot-product kernels with plain C++ in place of the instructions: the same blocks, packing, order of sums and borders.
#include "dot-rows.h"
#include "requantise.h"

namespace srvid {

namespace {

/** `Lanes`, `Pixels` and `Vectors` are those of the kernel that is emulated. */
template <int Lanes, int Pixels, int Vectors>
struct Emulated {
  static constexpr int kLanes = Lanes;
  static constexpr int kPixels = Pixels;
  static constexpr int kVectors = Vectors;
  struct Sums {
    int32_t lanes[Lanes];
  };
  struct Bytes {
    uint8_t bytes[Lanes * 4];
  };
  static Sums sums(const int32_t* bias) {
    Sums out;
    __builtin_memcpy(&out, bias, sizeof out);
    return out;
  }
  static Bytes weights(const int8_t* address) {
    Bytes out;
    __builtin_memcpy(&out, address, sizeof out);
    return out;
  }
  static Bytes quad(const uint8_t* address) {
    Bytes out;
    for (int i = 0; i < Lanes * 4; i++) out.bytes[i] = address[i % 4];
    return out;
  }
  static Sums dot(Sums sums, const Bytes& bytes, const Bytes& weights) {
    for (int i = 0; i < Lanes * 4; i++) sums.lanes[i / 4] += bytes.bytes[i] * static_cast<int8_t>(weights.bytes[i]);
    return sums;
  }
  static void store(uint8_t* out, long stride, const Sums* sums, const float* multiplier, int zeroPoint, int channels) {
    for (int p = 0; p < Pixels; p++) {
      for (int lane = 0; lane < channels; lane++) out[p * stride + lane] = requantised(sums[p].lanes[lane], multiplier[lane], zeroPoint);
    }
  }
};

}  // namespace

DotRow avx_vnni_emulated_row() noexcept { return dot_row<Emulated<kAvxVnniLanes, 6, 2>>; }
DotRow avx512_vnni_emulated_row() noexcept { return dot_row<Emulated<kAvx512VnniLanes, 12, 2>>; }

}  // namespace srvid
