#include "amx-kernel.h"

#include <algorithm>
#include <vector>

#include "aligned.h"
#include "amx-program.h"

namespace srvid {

namespace {

class AmxConv final : public RowConv {
 public:
  AmxConv(const Windows& windows, AmxRow row)
      : row_(row),
        groups_((windows.channels + kAmxGroup - 1) / kAmxGroup),
        weights_(0),
        bias_(static_cast<size_t>(groups_) * kAmxGroup),
        multiplier_(static_cast<size_t>(groups_) * kAmxGroup) {
    int chunks = 0;
    for (const Windows::Run& run : windows.runs) {
      runs_.push_back({run.stride, (run.bytes + kAmxChunk - 1) / kAmxChunk});
      chunks += runs_.back().chunks;
    }
    weights_ = Aligned<int8_t>(static_cast<size_t>(groups_) * chunks * kAmxTile);
    for (int channel = 0; channel < windows.channels; channel++) pack_channel(windows, channel, chunks);
    std::copy(windows.bias.begin(), windows.bias.end(), bias_.data());
    std::copy(windows.multiplier.begin(), windows.multiplier.end(), multiplier_.data());
    program_ = {runs_.data(),       static_cast<int>(runs_.size()), chunks, groups_, weights_.data(), bias_.data(), multiplier_.data(), windows.outStride,
                windows.zeroPoint};
  }

  void row(const uint8_t* const* runs, uint8_t* out, int width, void*) const noexcept override { row_(program_, runs, out, width); }

 private:
  void pack_channel(const Windows& windows, int channel, int chunks) {
    const int8_t* from = &windows.weights[static_cast<size_t>(channel) * windows.window_bytes()];
    size_t tile = static_cast<size_t>(channel / kAmxGroup) * chunks;
    for (size_t run = 0; run < windows.runs.size(); run++) {
      for (int byte = 0; byte < windows.runs[run].bytes; byte++) {
        const size_t to = (tile + byte / kAmxChunk) * kAmxTile + byte % kAmxChunk / 4 * 64 + channel % kAmxGroup * 4 + byte % 4;
        weights_[to] = from[byte];
      }
      from += windows.runs[run].bytes;
      tile += runs_[run].chunks;
    }
  }

  AmxRow row_;
  int groups_;
  Aligned<int8_t> weights_;
  Aligned<int32_t> bias_;
  Aligned<float> multiplier_;
  std::vector<AmxProgram::Run> runs_;
  AmxProgram program_;
};

template <AmxRow (*Row)() noexcept>
std::unique_ptr<RowConv> pack(const Windows& windows) {
  return std::make_unique<AmxConv>(windows, Row());
}

}  // namespace

const Kernel* amx_kernel() {
  static const Kernel kernel{"amx", pack<amx_row>, amx_enter, amx_leave};
  return amx_row() ? &kernel : nullptr;
}

const Kernel* amx_emulated_kernel() {
  static const Kernel kernel{"amx-emulated", pack<amx_emulated_row>, nullptr, nullptr};
  return &kernel;
}

}  // namespace srvid
