#include "dot-kernel.h"

#include <algorithm>
#include <vector>

#include "aligned.h"
#include "dot-program.h"

namespace srvid {

namespace {

/** The layout of a kernel's weights. */
struct Shape {
  int lanes;
  /** The kernel subtracts 128 from the picture's bytes. */
  bool signedBytes;
};

class DotConv final : public RowConv {
 public:
  DotConv(const Windows& windows, Shape shape, DotRow row)
      : row_(row),
        vectors_((windows.channels + shape.lanes - 1) / shape.lanes),
        weights_(packed(windows, shape)),
        bias_(static_cast<size_t>(vectors_) * shape.lanes),
        multiplier_(static_cast<size_t>(vectors_) * shape.lanes) {
    int quads = 0;
    for (const Windows::Run& run : windows.runs) {
      runs_.push_back({run.stride, (run.bytes + 3) / 4});
      quads += runs_.back().quads;
    }
    const size_t bytes = windows.window_bytes();
    for (int channel = 0; channel < windows.channels; channel++) {
      int32_t sum = 0;
      if (shape.signedBytes) {
        for (size_t byte = 0; byte < bytes; byte++) sum += 128 * windows.weights[channel * bytes + byte];
      }
      bias_[channel] = windows.bias[channel] + sum;
      multiplier_[channel] = windows.multiplier[channel];
    }
    program_ = {runs_.data(), static_cast<int>(runs_.size()), quads, vectors_, weights_.data(), bias_.data(), multiplier_.data(), windows.outStride, windows.zeroPoint};
  }

  void row(const uint8_t* const* runs, uint8_t* out, int width, void*) const noexcept override { row_(program_, runs, out, width); }

 private:
  static Aligned<int8_t> packed(const Windows& windows, Shape shape) {
    size_t quads = 0;
    for (const Windows::Run& run : windows.runs) quads += (run.bytes + 3) / 4;
    const size_t bytes = windows.window_bytes();
    const size_t vectors = (windows.channels + shape.lanes - 1) / shape.lanes;
    Aligned<int8_t> out(vectors * quads * shape.lanes * 4);
    for (int channel = 0; channel < windows.channels; channel++) {
      const int8_t* from = &windows.weights[channel * bytes];
      size_t quad = static_cast<size_t>(channel / shape.lanes) * quads;
      for (const Windows::Run& run : windows.runs) {
        for (int offset = 0; offset < run.bytes; offset += 4, quad++) {
          const int count = std::min(4, run.bytes - offset);
          std::copy_n(from + offset, count, &out[(quad * shape.lanes + channel % shape.lanes) * 4]);
        }
        from += run.bytes;
      }
    }
    return out;
  }

  DotRow row_;
  int vectors_;
  Aligned<int8_t> weights_;
  Aligned<int32_t> bias_;
  Aligned<float> multiplier_;
  std::vector<DotProgram::Run> runs_;
  DotProgram program_;
};

template <DotRow (*Row)() noexcept, int Lanes, bool SignedBytes = false>
std::unique_ptr<RowConv> pack(const Windows& windows) {
  return std::make_unique<DotConv>(windows, Shape{Lanes, SignedBytes}, Row());
}

}  // namespace

const Kernel* avx_vnni_kernel() {
  static const Kernel kernel{"avx-vnni", pack<avx_vnni_row, kAvxVnniLanes>, nullptr, nullptr};
  return avx_vnni_row() ? &kernel : nullptr;
}

const Kernel* avx512_vnni_kernel() {
  static const Kernel kernel{"avx512-vnni", pack<avx512_vnni_row, kAvx512VnniLanes>, nullptr, nullptr};
  return avx512_vnni_row() ? &kernel : nullptr;
}

const Kernel* neon_dot_kernel() {
  static const Kernel kernel{"neon-dot", pack<neon_dot_row, kNeonDotLanes, true>, nullptr, nullptr};
  return neon_dot_row() ? &kernel : nullptr;
}

const Kernel* avx_vnni_emulated_kernel() {
  static const Kernel kernel{"avx-vnni-emulated", pack<avx_vnni_emulated_row, kAvxVnniLanes>, nullptr, nullptr};
  return &kernel;
}

const Kernel* avx512_vnni_emulated_kernel() {
  static const Kernel kernel{"avx512-vnni-emulated", pack<avx512_vnni_emulated_row, kAvx512VnniLanes>, nullptr, nullptr};
  return &kernel;
}

}  // namespace srvid
