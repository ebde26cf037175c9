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
  static Bytes weights(int32_t four) {
    Bytes out;
    for (int lane = 0; lane < Block::kLanes; lane++) __builtin_memcpy(out.bytes + 4 * lane, &four, 4);
    return out;
  }
  static Sums dot(Sums sums, const Bytes& pixels, const Bytes& weights) {
    for (int i = 0; i < Block::kLanes * 4; i++) sums.lanes[i / 4] += pixels.bytes[i] * static_cast<int8_t>(weights.bytes[i]);
    return sums;
  }
  static Sums scaled(Sums sums, float multiplier) {
    for (int32_t& lane : sums.lanes) lane = rounded_product(lane, multiplier);
    return sums;
  }
  /** Two channels' bytes, pixel by pixel. */
  struct Narrow {
    uint8_t bytes[Block::kLanes][2];
  };
  static Narrow narrowed(const Sums& first, const Sums& second, int zeroPoint) {
    Narrow out;
    for (int lane = 0; lane < Block::kLanes; lane++) {
      out.bytes[lane][0] = clamped_byte(first.lanes[lane] + zeroPoint);
      out.bytes[lane][1] = clamped_byte(second.lanes[lane] + zeroPoint);
    }
    return out;
  }
  static Bytes quads(const Narrow& front, const Narrow& back) {
    Bytes out;
    for (int lane = 0; lane < Block::kLanes; lane++) {
      __builtin_memcpy(out.bytes + 4 * lane, front.bytes[lane], 2);
      __builtin_memcpy(out.bytes + 4 * lane + 2, back.bytes[lane], 2);
    }
    return out;
  }
  static void put(uint8_t* address, const Bytes& quads) { __builtin_memcpy(address, &quads, sizeof quads); }
};

}  // namespace

DotRow avx_vnni_emulated_row() noexcept { return dot_row<Emulated<AvxVnniBlock>>; }
DotRow avx512_vnni_emulated_row() noexcept { return dot_row<Emulated<Avx512VnniBlock>>; }

}  // namespace srvid
