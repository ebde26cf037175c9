// The dot-product kernels with plain C++ in place of the instructions: the same blocks, packing, order of sums and borders.
#include "dot-rows.h"
#include "requantise.h"

namespace srvid {

namespace {

/** `Block` is that of the kernel that is emulated. */
template <class Block>
struct Emulated : Block {
  struct Sums {
    int32_t lanes[Block::kLanes];
  };
  struct Bytes {
    uint8_t bytes[Block::kLanes * 4];
  };
  static Sums sums(int32_t bias) {
    Sums out;
    for (int32_t& lane : out.lanes) lane = bias;
    return out;
  }
  static Bytes pixels(const uint8_t* address) {
    Bytes out;
    __builtin_memcpy(&out, address, sizeof out);
    return out;
  }
  static Bytes weights(const int8_t* address) {
    Bytes out;
    for (int lane = 0; lane < Block::kLanes; lane++) __builtin_memcpy(out.bytes + 4 * lane, address, 4);
    return out;
  }
  static Sums dot(Sums sums, const Bytes& pixels, const Bytes& weights) {
    for (int i = 0; i < Block::kLanes * 4; i++) sums.lanes[i / 4] += pixels.bytes[i] * static_cast<int8_t>(weights.bytes[i]);
    return sums;
  }
  static Bytes quads(const Sums* sums, const float* multiplier, int zeroPoint) {
    Bytes out;
    for (int lane = 0; lane < Block::kLanes; lane++) {
      for (int c = 0; c < 4; c++) out.bytes[4 * lane + c] = requantised(sums[c].lanes[lane], multiplier[c], zeroPoint);
    }
    return out;
  }
  static void put(uint8_t* address, const Bytes& quads) { __builtin_memcpy(address, &quads, sizeof quads); }
};

}  // namespace

DotRow avx_vnni_emulated_row() noexcept { return dot_row<Emulated<AvxVnniBlock>>; }
DotRow avx512_vnni_emulated_row() noexcept { return dot_row<Emulated<Avx512VnniBlock>>; }

}  // namespace srvid
