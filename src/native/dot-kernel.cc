#include "dot-kernel.h"

#include <algorithm>
#include <vector>

#include "aligned.h"
#include "dot-program.h"

namespace srvid {

namespace {

/** Weights are [block][quad of all runs][channel of the block][4 bytes]; bias and multipliers are filled up to whole quads of channels. */
class DotConv final : public RowConv {
 public:
  /** @param signedBytes the kernel subtracts 128 from the picture's bytes: 128 x weights are added to the bias */
  DotConv(const Windows& windows, int blockChannels, bool signedBytes, DotRow row)
      : row_(row),
        weights_(windows.weights.size()),
        bias_(static_cast<size_t>(whole_quads(windows.channels))),
        multiplier_(static_cast<size_t>(whole_quads(windows.channels))) {
    const size_t bytes = windows.window_bytes();
    int8_t* to = weights_.data();
    for (int first = 0, count = 0; first < windows.channels; first += count) {
      count = dot_block_channels(windows.channels - first, blockChannels);
      for (size_t byte = 0; byte < bytes; byte += 4) {
        for (int channel = first; channel < first + count; channel++) to = std::copy_n(&windows.weights[channel * bytes + byte], 4, to);
      }
    }
    for (int channel = 0; channel < windows.channels; channel++) {
      int32_t sum = 0;
      for (size_t byte = 0; signedBytes && byte < bytes; byte++) sum += 128 * windows.weights[channel * bytes + byte];
      bias_[channel] = windows.bias[channel] + sum;
    }
    std::copy(windows.multiplier.begin(), windows.multiplier.end(), multiplier_.data());
    for (const Windows::Run& run : windows.runs) runs_.push_back({run.bytes / 4, run.step});
    const Packed packed{weights_.data(), bias_.data(), multiplier_.data(), windows.outStride, windows.zeroPoint};
    program_ = {packed, runs_.data(), static_cast<int>(runs_.size()), windows.channels};
  }

  void row(const uint8_t* const* runs, uint8_t* out, ptrdiff_t outPlane, int width, void*) const noexcept override { row_(program_, runs, out, outPlane, width); }

 private:
  DotRow row_;
  Aligned<int8_t> weights_;
  Aligned<int32_t> bias_;
  Aligned<float> multiplier_;
  std::vector<DotProgram::Run> runs_;
  DotProgram program_;
};

template <DotRow (*Row)() noexcept, class Block, bool SignedBytes = false>
std::unique_ptr<RowConv> pack(const Windows& windows) {
  return std::make_unique<DotConv>(windows, Block::kChannels, SignedBytes, Row());
}

}  // namespace

const Kernel* avx_vnni_kernel() {
  static const Kernel kernel{"avx-vnni", RowOrder::kQuads, pack<avx_vnni_row, AvxVnniBlock>, nullptr, nullptr, avx_vnni_bare_loop};
  return avx_vnni_row() ? &kernel : nullptr;
}

const Kernel* avx512_vnni_kernel() {
  static const Kernel kernel{"avx512-vnni", RowOrder::kQuads, pack<avx512_vnni_row, Avx512VnniBlock>, nullptr, nullptr, avx512_vnni_bare_loop};
  return avx512_vnni_row() ? &kernel : nullptr;
}

const Kernel* neon_dot_kernel() {
  static const Kernel kernel{"neon-dot", RowOrder::kQuads, pack<neon_dot_row, NeonDotBlock, true>, nullptr, nullptr, neon_dot_bare_loop};
  return neon_dot_row() ? &kernel : nullptr;
}

const Kernel* avx_vnni_emulated_kernel() {
  static const Kernel kernel{"avx-vnni-emulated", RowOrder::kQuads, pack<avx_vnni_emulated_row, AvxVnniBlock>, nullptr, nullptr, nullptr};
  return &kernel;
}

const Kernel* avx512_vnni_emulated_kernel() {
  static const Kernel kernel{"avx512-vnni-emulated", RowOrder::kQuads, pack<avx512_vnni_emulated_row, Avx512VnniBlock>, nullptr, nullptr, nullptr};
  return &kernel;
}

}  // namespace srvid
