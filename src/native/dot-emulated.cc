// The dot-product kernels with plain C++ in place of the instructions: the same blocks, packing, order of sums and borders.
#include "dot-rows.h"
#include "requantise.h"

namespace srvid {

namespace {

/** `Block` is that of the kernel that is emulated. */
template <class Block>
struct Emulated : Block {
  static constexpr int kBytes = Block::kLanes * 4;
  struct Sums {
    int32_t lanes[Block::kLanes];
  };
  struct Bytes {
    uint8_t bytes[kBytes];
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
    for (int i = 0; i < kBytes; i++) out.bytes[i] = address[i % 4];
    return out;
  }
  static Sums dot(Sums sums, const Bytes& bytes, const Bytes& weights) {
    for (int i = 0; i < kBytes; i++) sums.lanes[i / 4] += bytes.bytes[i] * static_cast<int8_t>(weights.bytes[i]);
    return sums;
  }
  static void store(uint8_t* out, long stride, const Sums* sums, const float* multiplier, int zeroPoint, int channels) {
    for (int p = 0; p < Block::kPixels; p++) {
      for (int lane = 0; lane < channels; lane++) out[p * stride + lane] = requantised(sums[p].lanes[lane], multiplier[lane], zeroPoint);
    }
  }
};

}  // namespace

PieceRow avx_vnni_emulated_row() noexcept { return dot_row<Emulated<AvxVnniBlock>>; }
PieceRow avx512_vnni_emulated_row() noexcept { return dot_row<Emulated<Avx512VnniBlock>>; }

}  // namespace srvid
