#include "portable.h"

#include <algorithm>

#include "requantise.h"

namespace srvid {

namespace {

/** Channels that are summed at once: few enough for registers, enough for the compiler's own vectors. */
constexpr int kLanes = 16;

/** Plain C++: the kernel that is always there, and that the others are compared with. */
class PortableConv final : public RowConv {
 public:
  explicit PortableConv(const Windows& windows)
      : runs_(windows.runs), channels_(windows.channels), outStride_(windows.outStride), zeroPoint_(windows.zeroPoint) {
    const int blocks = (channels_ + kLanes - 1) / kLanes;
    const int bytes = windows.window_bytes();
    weights_.resize(static_cast<size_t>(blocks) * bytes * kLanes);
    bias_.resize(static_cast<size_t>(blocks) * kLanes);
    multiplier_.resize(static_cast<size_t>(blocks) * kLanes);
    for (int channel = 0; channel < channels_; channel++) {
      const int block = channel / kLanes;
      for (int byte = 0; byte < bytes; byte++) {
        weights_[(static_cast<size_t>(block) * bytes + byte) * kLanes + channel % kLanes] = windows.weights[static_cast<size_t>(channel) * bytes + byte];
      }
      bias_[channel] = windows.bias[channel];
      multiplier_[channel] = windows.multiplier[channel];
    }
  }

  void row(const uint8_t* const* runs, uint8_t* out, ptrdiff_t, int width, void*) const noexcept override {
    for (int x = 0; x < width; x++) pixel(runs, x, out + static_cast<ptrdiff_t>(x) * outStride_);
  }

 private:
  void pixel(const uint8_t* const* runs, int x, uint8_t* out) const noexcept {
    const int16_t* weights = weights_.data();
    for (int first = 0; first < channels_; first += kLanes) {
      int32_t sums[kLanes];
      std::copy_n(&bias_[first], kLanes, sums);
      for (size_t run = 0; run < runs_.size(); run++) {
        const uint8_t* bytes = runs[run] + static_cast<ptrdiff_t>(x) * runs_[run].stride;
        for (int byte = 0; byte < runs_[run].bytes; byte++, weights += kLanes) {
          const int16_t value = bytes[byte];
          // A byte times a weight fits in 16 bits, of which processors multiply more at once.
          for (int lane = 0; lane < kLanes; lane++) sums[lane] += static_cast<int16_t>(value * weights[lane]);
        }
      }
      const int count = std::min(kLanes, channels_ - first);
      for (int lane = 0; lane < count; lane++) out[first + lane] = requantised(sums[lane], multiplier_[first + lane], zeroPoint_);
    }
  }

  std::vector<Windows::Run> runs_;
  int channels_;
  int outStride_;
  int zeroPoint_;
  /** [block][byte][lane]. */
  std::vector<int16_t> weights_;
  std::vector<int32_t> bias_;
  std::vector<float> multiplier_;
};

}  // namespace

const Kernel& portable_kernel() {
  static const Kernel kernel{"portable", RowOrder::kPixels,
                             [](const Windows& windows) -> std::unique_ptr<RowConv> { return std::make_unique<PortableConv>(windows); }, nullptr, nullptr,
                             nullptr};
  return kernel;
}

}  // namespace srvid
