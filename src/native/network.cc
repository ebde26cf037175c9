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

void expect_count(const char* what, size_t found, size_t expected) {
  if (found != expected) refuse(std::to_string(found) + " " + what + " instead of " + std::to_string(expected));
}

void expect_length(const char* what, size_t found, size_t expected) {
  if (found != expected) refuse(std::string(what) + " has " + std::to_string(found) + " bytes instead of " + std::to_string(expected));
}

}  // namespace

Network::Network(const Plan& plan, const Kernel& kernel, size_t pieceBytes) : kernel_(kernel), pieceBytes_(pieceBytes) {
  check(plan);
  pictures_ = plan.inputs;
  canvases_ = plan.outputs;
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
  auto channel = plan.anchor.begin();
  for (const Planes& planes : canvases_) {
    mostBlock_ = std::max(mostBlock_, planes.block);
    if (plan.anchor.empty()) continue;
    anchors_.emplace_back(std::vector<int>(channel, channel + planes.channels()), planes.block, plan.convs.back().zeroPoint);
    channel += planes.channels();
  }
}

std::vector<size_t> Network::output_lengths(int rows, int columns) const {
  const size_t pixels = static_cast<size_t>(rows) * columns;
  std::vector<size_t> lengths;
  for (const Planes& planes : canvases_) lengths.push_back(pixels * planes.channels());
  for (const int channels : resultChannels_) lengths.push_back(pixels * channels);
  return lengths;
}

Network::Job Network::job_of(const std::vector<Input>& inputs, int rows, int columns, const std::vector<Output>& outputs) const {
  for (const int side : {rows, columns}) {
    if (side < 1 || side > Limits::side) {
      refuse("a folded picture of " + std::to_string(columns) + " x " + std::to_string(rows) + ": sides are from 1 to " + std::to_string(Limits::side));
    }
  }
  expect_count("inputs", inputs.size(), pictures_.size());
  Job job{{}, outputs, {}, rows, columns};
  for (size_t index = 0; index < inputs.size(); index++) {
    const Planes& planes = pictures_[index];
    expect_length("the input", inputs[index].length, static_cast<size_t>(planes.channels()) * rows * columns);
    job.pictures.push_back({inputs[index].data, rows * planes.block, columns * planes.block});
  }
  const std::vector<size_t> lengths = output_lengths(rows, columns);
  expect_count("outputs", outputs.size(), lengths.size());
  for (size_t index = 0; index < lengths.size(); index++) expect_length("the output", outputs[index].length, lengths[index]);
  for (size_t index = 0; index < canvases_.size(); index++) {
    job.canvases.push_back({outputs[index].data, rows * canvases_[index].block, columns * canvases_[index].block});
  }
  return job;
}

void Network::run(const std::vector<Input>& inputs, int rows, int columns, const std::vector<Output>& outputs, int threads) {
  if (threads < 1 || threads > Limits::threads) refuse(std::to_string(threads) + " threads: there are from 1 to " + std::to_string(Limits::threads));
  const Job job = job_of(inputs, rows, columns, outputs);
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
  while (workspaces_.size() < static_cast<size_t>(threads)) workspaces_.emplace_back(stages_, wanted, mostBlock_, mostRuns_, scratch);
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
  if (value == 0) {
    read(job, y, left, count, out);
    if (stage.layout.slides) return;  // Its margins are written.
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
  const Row<uint8_t> anchor = anchors_.empty() ? Row<uint8_t>{} : row_at(0, y, left);
  write(job, value, y, left, count, out, {anchor.pixels, anchor.layout, anchor.plane}, workspace.line());
}

void Network::read(const Job& job, int y, int left, int count, const Row<uint8_t>& out) const noexcept {
  int channel = 0;
  for (size_t index = 0; index < pictures_.size(); index++) {
    const Picture& picture = job.pictures[index];
    const Planes& planes = pictures_[index];
    if (out.layout.slides) {
      slide_row(picture, planes.planes, y, left, count, stages_[0].margin, channel, out);
    } else {
      fold_row(picture, planes, y, left, count, channel, out);
    }
    channel += planes.channels();
  }
}

void Network::write(const Job& job, int value, int y, int left, int count, const Row<uint8_t>& pixels, const Row<const uint8_t>& anchor,
                    uint8_t* line) const noexcept {
  const int stride = pixels.layout.stride;
  if (!resultChannels_.empty()) {
    const size_t result = static_cast<size_t>(value - firstResult_);
    const int channels = resultChannels_[result];
    uint8_t* to = job.outputs[result].data + (static_cast<size_t>(y) * job.columns + left) * channels;
    return copy_pixels(pixels.pixels, stride, channels, to, count);
  }
  const uint8_t* from = pixels.pixels;
  for (size_t index = 0; index < canvases_.size(); index++) {
    const Planes& planes = canvases_[index];
    shuffle_row(from, stride, job.canvases[index], planes, y, left, count);
    if (!anchors_.empty()) anchors_[index].add(job.canvases[index], y, left, anchor, count, line);
    from += planes.channels();
  }
}

}  // namespace srvid
