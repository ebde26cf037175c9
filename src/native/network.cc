#include "network.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

namespace srvid {

namespace {

/** A piece narrower than this, or than this many times its surroundings, spends more on those than its smaller memory gains. */
constexpr int kLeastColumns = 64;
constexpr int kLeastReaches = 4;

/** The convolution's windows: for each input and row of the kernel a run in each plane; the weights follow the bytes of the runs. */
Windows windows_of(const Plan& plan, const Conv& conv, const std::vector<Stage>& stages, int outStride) {
  Windows windows;
  for (const int input : conv.inputs) {
    const RowLayout& layout = stages[input].layout;
    const Windows::Run run{layout.stride, layout.run_bytes(conv.kernel), layout.step()};
    windows.runs.insert(windows.runs.end(), static_cast<size_t>(conv.kernel) * layout.planes, run);
  }
  windows.channels = conv.channels;
  windows.outStride = outStride;
  static_cast<Requantisation&>(windows) = conv;
  windows.weights.reserve(static_cast<size_t>(windows.window_bytes()) * conv.channels);
  const int inputChannels = input_channels_of(plan, conv);
  for (int channel = 0; channel < conv.channels; channel++) {
    int before = 0;
    for (const int input : conv.inputs) {
      const RowLayout& layout = stages[input].layout;
      const int count = channels_of(plan, input);
      const int8_t* from = &conv.weights[(static_cast<size_t>(channel) * inputChannels + before) * conv.kernel * conv.kernel];
      for (int y = 0; y < conv.kernel; y++) {
        for (int plane = 0; plane < layout.planes; plane++) {
          for (int byte = 0; byte < layout.run_bytes(conv.kernel); byte++) {
            const int x = layout.column_of(byte);
            const int c = layout.channel_of(plane, byte);
            windows.weights.push_back(x < conv.kernel && c < count ? from[(c * conv.kernel + y) * conv.kernel + x] : 0);
          }
        }
      }
      before += count;
    }
  }
  return windows;
}

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

void expect_length(const char* what, size_t found, size_t expected) {
  if (found != expected) refuse(std::string(what) + " has " + std::to_string(found) + " bytes instead of " + std::to_string(expected));
}

}  // namespace

Network::Network(const Plan& plan, const Kernel& kernel, size_t pieceBytes) : kernel_(kernel), pieceBytes_(pieceBytes) {
  check(plan);
  inputPlanes_ = plan.inputChannels;
  fold_ = plan.fold;
  shuffle_ = plan.shuffle;
  outputPlanes_ = plan.convs.back().channels / (shuffle_ * shuffle_);
  firstResult_ = first_result(plan);
  stages_ = schedule(plan, kernel.order);
  for (size_t value = static_cast<size_t>(firstResult_); value < stages_.size(); value++) {
    if (plan.pixelResults > 0) resultChannels_.push_back(plan.convs[value - 1].channels);
    lastLag_ = std::max(lastLag_, stages_[value].lag);
  }
  for (size_t index = 0; index < plan.convs.size(); index++) {
    const Conv& conv = plan.convs[index];
    const Stage& stage = stages_[index + 1];
    inputs_.push_back(conv.inputs);
    kernels_.push_back(conv.kernel);
    if (stage.reach < 0) {
      convs_.push_back(nullptr);
      continue;
    }
    const Windows windows = windows_of(plan, conv, stages_, stage.layout.stride);
    mostRuns_ = std::max(mostRuns_, windows.runs.size());
    convs_.push_back(kernel.pack(windows));
  }
  if (!plan.anchor.empty()) anchor_.emplace(plan.anchor, plan.shuffle, plan.convs.back().zeroPoint);
}

std::vector<size_t> Network::output_lengths(int rows, int columns) const {
  const size_t pixels = static_cast<size_t>(rows) * columns;
  if (resultChannels_.empty()) return {pixels * outputPlanes_ * shuffle_ * shuffle_};
  std::vector<size_t> lengths;
  for (const int channels : resultChannels_) lengths.push_back(pixels * channels);
  return lengths;
}

void Network::run(const uint8_t* input, size_t inputLength, int height, int width, const std::vector<Output>& outputs, int threads) {
  for (const int side : {height, width}) {
    if (side < 1 || side > Limits::side || side % fold_ != 0) {
      refuse("a picture of " + std::to_string(width) + " x " + std::to_string(height) + ": sides are from 1 to " + std::to_string(Limits::side) +
             ", and multiples of " + std::to_string(fold_));
    }
  }
  if (threads < 1 || threads > Limits::threads) refuse(std::to_string(threads) + " threads: there are from 1 to " + std::to_string(Limits::threads));
  const int rows = height / fold_;
  const int columns = width / fold_;
  expect_length("the input", inputLength, static_cast<size_t>(inputPlanes_) * height * width);
  const std::vector<size_t> lengths = output_lengths(rows, columns);
  if (outputs.size() != lengths.size()) refuse(std::to_string(outputs.size()) + " outputs instead of " + std::to_string(lengths.size()));
  for (size_t index = 0; index < lengths.size(); index++) expect_length("the output", outputs[index].length, lengths[index]);
  const Job job{{input, height, width}, outputs, {outputs[0].data, rows * shuffle_, columns * shuffle_}, rows, columns};
  const int bands = std::min(threads, rows);
  prepare(columns, bands);

  const auto edge = [&](int band) { return static_cast<int>(static_cast<int64_t>(rows) * band / bands); };
  std::vector<std::thread> others;
  others.reserve(static_cast<size_t>(bands));
  int started = 0;
  for (; started + 1 < bands; started++) {
    try {
      others.emplace_back([this, &job, &edge, band = started] { run_band(workspaces_[band], job, edge(band), edge(band + 1)); });
    } catch (...) {
      break;  // No more threads are to be had: this one does what they would have done.
    }
  }
  run_band(workspaces_[started], job, edge(started), rows);
  for (std::thread& other : others) other.join();
}

void Network::prepare(int columns, int threads) {
  const int least = std::max(kLeastColumns, kLeastReaches * stages_[0].reach);
  int pieces = 1;
  const auto columns_of_piece = [&] { return (columns + pieces - 1) / pieces; };
  while (columns_of_piece() > least && Workspace::bytes(stages_, columns_of_piece()) > pieceBytes_) pieces++;
  const int wanted = columns_of_piece();
  if (Workspace::bytes(stages_, wanted) > Limits::workspace / threads) {
    refuse("this network's rows of " + std::to_string(wanted) + " columns take more than " + std::to_string(Limits::workspace >> 20) + " MiB in " +
           std::to_string(threads) + " threads");
  }
  if (wanted != pieceColumns_) workspaces_.clear();
  pieceColumns_ = wanted;
  size_t scratch = 0;
  for (const std::unique_ptr<RowConv>& conv : convs_) {
    if (conv) scratch = std::max(scratch, conv->scratch());
  }
  while (workspaces_.size() < static_cast<size_t>(threads)) workspaces_.emplace_back(stages_, wanted, shuffle_, mostRuns_, scratch);
}

void Network::run_band(Workspace& workspace, const Job& job, int top, int bottom) const noexcept {
  if (kernel_.enter) kernel_.enter();
  for (int left = 0; left < job.columns; left += pieceColumns_) {
    run_piece(workspace, job, {top, bottom, left, std::min(job.columns, left + pieceColumns_)});
  }
  if (kernel_.leave) kernel_.leave();
}

void Network::run_piece(Workspace& workspace, const Job& job, const Piece& piece) const noexcept {
  const int last = static_cast<int>(convs_.size());
  for (int step = piece.top - stages_[0].reach; step < piece.bottom + lastLag_; step++) {
    for (int value = 0; value <= last; value++) {
      const Stage& stage = stages_[value];
      const int y = step - stage.lag;
      const bool needed = stage.reach >= 0 && y >= std::max(0, piece.top - stage.reach) && y < std::min(job.rows, piece.bottom + stage.reach);
      if (needed) compute(workspace, job, piece, value, y);
    }
  }
}

void Network::compute(Workspace& workspace, const Job& job, const Piece& piece, int value, int y) const noexcept {
  const auto left_of = [&](int index) { return std::max(0, piece.left - stages_[index].reach); };
  const auto row_at = [&](int index, int row, int column) -> Row<uint8_t> {
    const Stage& stage = stages_[index];
    uint8_t* pixels = workspace.row(index, row) + static_cast<ptrdiff_t>(column - left_of(index) + stage.margin) * stage.layout.stride;
    return {pixels, stage.layout, workspace.plane(index)};
  };
  const Stage& stage = stages_[value];
  const int left = left_of(value);
  const int right = std::min(job.columns, piece.right + stage.reach);
  const int count = right - left;
  const Row<uint8_t> out = row_at(value, y, left);
  if (stage.layout.slides) return slide_row(job.picture, inputPlanes_, y, left, count, stage.margin, out);
  if (value == 0) {
    fold_row(job.picture, inputPlanes_, fold_, y, left, count, out);
  } else {
    const size_t index = static_cast<size_t>(value) - 1;
    const int radius = kernels_[index] / 2;
    const uint8_t** window = workspace.runs();
    int runs = 0;
    for (const int input : inputs_[index]) {
      for (int row = y - radius; row <= y + radius; row++) {
        const bool outside = row < 0 || row >= job.rows;
        const Row<uint8_t> in = row_at(input, outside ? 0 : row, left - radius);
        for (int plane = 0; plane < in.layout.planes; plane++) window[runs++] = outside ? workspace.zeros() : in.pixels + plane * in.plane;
      }
    }
    // The last value's quads lie side by side.
    convs_[index]->row(window, out.pixels, out.layout.planes > 1 ? out.plane : 4, count, workspace.scratch());
  }
  // Readers see zeros beyond the picture's edges. Right of the row a kernel may just have left the rest of its last block.
  const size_t margin = static_cast<size_t>(stage.margin) * stage.layout.stride;
  for (int plane = 0; plane < out.layout.planes; plane++) {
    uint8_t* pixels = out.pixels + plane * out.plane;
    if (left == 0) std::memset(pixels - margin, 0, margin);
    if (right == job.columns) std::memset(pixels + static_cast<size_t>(count) * stage.layout.stride, 0, margin);
  }
  if (value < firstResult_) return;
  if (!resultChannels_.empty()) {
    const size_t result = static_cast<size_t>(value - firstResult_);
    const int channels = resultChannels_[result];
    uint8_t* to = job.outputs[result].data + (static_cast<size_t>(y) * job.columns + left) * channels;
    return copy_pixels(out.pixels, out.layout.stride, channels, to, count);
  }
  shuffle_row(out.pixels, out.layout.stride, job.canvas, outputPlanes_, shuffle_, y, left, count);
  if (!anchor_) return;
  const Row<uint8_t> anchor = row_at(0, y, left);
  anchor_->add(job.canvas, y, left, {anchor.pixels, anchor.layout, anchor.plane}, count, workspace.line());
}

}  // namespace srvid
