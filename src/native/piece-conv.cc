#include "piece-conv.h"

#include <algorithm>
#include <vector>

#include "aligned.h"

namespace srvid {

namespace {

class PieceConv final : public RowConv {
 public:
  PieceConv(const Windows& windows, PieceShape shape, PieceRow row)
      : shape_(shape),
        row_(row),
        groups_((windows.channels + shape.channels - 1) / shape.channels),
        weights_(0),
        bias_(static_cast<size_t>(groups_) * shape.channels),
        multiplier_(static_cast<size_t>(groups_) * shape.channels) {
    int pieces = 0;
    for (const Windows::Run& run : windows.runs) {
      runs_.push_back({run.stride, (run.bytes + shape.bytes - 1) / shape.bytes});
      pieces += runs_.back().pieces;
    }
    weights_ = Aligned<int8_t>(static_cast<size_t>(groups_) * pieces * shape.channels * shape.bytes);
    const size_t bytes = windows.window_bytes();
    for (int channel = 0; channel < windows.channels; channel++) {
      const int8_t* from = &windows.weights[channel * bytes];
      pack_channel(windows, from, channel, pieces);
      bias_[channel] = windows.bias[channel];
    }
    std::copy(windows.multiplier.begin(), windows.multiplier.end(), multiplier_.data());
    const Packed packed{weights_.data(), bias_.data(), multiplier_.data(), windows.outStride, windows.zeroPoint};
    program_ = {packed, runs_.data(), static_cast<int>(runs_.size()), pieces, groups_};
  }

  void row(const uint8_t* const* runs, uint8_t* out, ptrdiff_t, int width, void*) const noexcept override { row_(program_, runs, out, width); }

 private:
  /** Puts each four bytes of a channel's runs beside those of its group's other channels. */
  void pack_channel(const Windows& windows, const int8_t* from, int channel, int pieces) {
    const int lane = channel % shape_.channels;
    size_t piece = static_cast<size_t>(channel / shape_.channels) * pieces;
    for (size_t run = 0; run < windows.runs.size(); run++) {
      const int bytes = windows.runs[run].bytes;
      int8_t* to = &weights_[piece * shape_.channels * shape_.bytes + lane * 4];
      for (int offset = 0; offset < bytes; offset += 4, to += shape_.channels * 4) std::copy_n(from + offset, std::min(4, bytes - offset), to);
      from += bytes;
      piece += runs_[run].pieces;
    }
  }

  PieceShape shape_;
  PieceRow row_;
  int groups_;
  Aligned<int8_t> weights_;
  Aligned<int32_t> bias_;
  Aligned<float> multiplier_;
  std::vector<PieceProgram::Run> runs_;
  PieceProgram program_;
};

}  // namespace

std::unique_ptr<RowConv> pack_pieces(const Windows& windows, PieceShape shape, PieceRow row) {
  return std::make_unique<PieceConv>(windows, shape, row);
}

}  // namespace srvid
