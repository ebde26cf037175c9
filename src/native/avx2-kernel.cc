#include "avx2-kernel.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "aligned.h"
#include "avx2-bins.h"
#include "avx2-program.h"

namespace srvid {

namespace {

constexpr int kLanes = 8;

/** The quads of eight channels from `first` on; a run's last quad may reach beyond it, with weights of 0. */
std::vector<Quad> quads_of(const Windows& windows, int first) {
  const size_t bytes = windows.window_bytes();
  const int lanes = std::min(kLanes, windows.channels - first);
  std::vector<Quad> quads;
  size_t before = 0;
  for (size_t run = 0; run < windows.runs.size(); run++) {
    for (int offset = 0; offset < windows.runs[run].bytes; offset += 4) {
      Quad quad{static_cast<int>(run), offset, {}};
      for (int lane = 0; lane < lanes; lane++) {
        const int count = std::min(4, windows.runs[run].bytes - offset);
        std::copy_n(&windows.weights[(first + lane) * bytes + before + offset], count, &quad.weights[4 * lane]);
      }
      quads.push_back(quad);
    }
    before += windows.runs[run].bytes;
  }
  return quads;
}

class Avx2Conv final : public RowConv {
 public:
  explicit Avx2Conv(const Windows& windows)
      : blocks_((windows.channels + kLanes - 1) / kLanes), bias_(blocks_.size() * kLanes), multiplier_(blocks_.size() * kLanes), weights_(0) {
    std::vector<int> strides;
    for (const Windows::Run& run : windows.runs) strides.push_back(run.stride);
    std::vector<Quad> all;
    for (size_t block = 0; block < blocks_.size(); block++) {
      const int first = static_cast<int>(block) * kLanes;
      const std::vector<QuadBin> bins = binned(quads_of(windows, first), strides);
      const int firstGroup = static_cast<int>(groups_.size());
      const int firstEntry = static_cast<int>(all.size());
      Avx2Program::Group group{0, 0, 0};
      for (const QuadBin& bin : bins) {
        const int entries = static_cast<int>(bin.size());
        const int stride = strides[bin[0].run];
        if (entries != group.entries || stride != group.stride) {
          group = {entries, 0, stride};
          groups_.push_back(group);
        }
        groups_.back().bins++;
        all.insert(all.end(), bin.begin(), bin.end());
      }
      blocks_[block] = {firstGroup, static_cast<int>(groups_.size()) - firstGroup, firstEntry, windows.outStride - first >= kLanes ? kLanes : kLanes / 2};
    }
    weights_ = Aligned<int8_t>(all.size() * 32);
    for (size_t i = 0; i < all.size(); i++) {
      entries_.push_back({all[i].run, all[i].offset});
      std::memcpy(weights_.data() + 32 * i, all[i].weights.data(), 32);
    }
    std::copy(windows.bias.begin(), windows.bias.end(), bias_.data());
    std::copy(windows.multiplier.begin(), windows.multiplier.end(), multiplier_.data());
    const Packed packed{weights_.data(), bias_.data(), multiplier_.data(), windows.outStride, windows.zeroPoint};
    program_ = {packed, blocks_.data(), static_cast<int>(blocks_.size()), groups_.data(), entries_.data(), static_cast<int>(entries_.size())};
  }

  size_t scratch() const noexcept override { return entries_.size() * sizeof(const uint8_t*); }

  void row(const uint8_t* const* runs, uint8_t* out, ptrdiff_t, int width, void* scratch) const noexcept override {
    avx2_row(program_, static_cast<const uint8_t**>(scratch), runs, out, width);
  }

 private:
  std::vector<Avx2Program::Block> blocks_;
  std::vector<Avx2Program::Group> groups_;
  std::vector<Avx2Program::Entry> entries_;
  Aligned<int32_t> bias_;
  Aligned<float> multiplier_;
  Aligned<int8_t> weights_;
  Avx2Program program_;
};

}  // namespace

const Kernel* avx2_kernel() {
  static const Kernel kernel{"avx2", RowOrder::kPixels, [](const Windows& windows) -> std::unique_ptr<RowConv> { return std::make_unique<Avx2Conv>(windows); }, nullptr, nullptr,
                             avx2_bare_loop};
  return avx2_compiled() ? &kernel : nullptr;
}

}  // namespace srvid
