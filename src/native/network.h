#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "anchor.h"
#include "cpu.h"
#include "kernel.h"
#include "picture.h"
#include "plan.h"
#include "schedule.h"
#include "workspace.h"

namespace srvid {

/** A rectangle of the folded picture: rows and columns from `top` and `left` up to, not with, `bottom` and `right`. */
struct Piece {
  int top;
  int bottom;
  int left;
  int right;
};

/** Memory of a caller's, to be read. */
struct Input {
  const uint8_t* data;
  size_t length;
};

/** Memory of a caller's, to be filled. */
struct Output {
  uint8_t* data;
  size_t length;
};

/**
 * A plan with weights packed for one kernel. It keeps the rows that its last run needed. Not to be used by two threads at once; the threads
 * of a run are its own.
 */
class Network {
 public:
  /** Throws std::invalid_argument where the plan is no good. `pieceBytes` is what the rows of one piece of the picture may take. */
  Network(const Plan& plan, const Kernel& kernel, size_t pieceBytes = cached_bytes());

  /**
   * Runs on pictures that are rows x columns pixels when they are folded, and fills the outputs' planes, or each of the results of pixels. Throws
   * std::invalid_argument where lengths do not fit, std::bad_alloc where memory is short. The result does not depend on the number of threads.
   */
  void run(const std::vector<Input>& inputs, int rows, int columns, const std::vector<Output>& outputs, int threads);

 private:
  struct Job {
    std::vector<Picture> pictures;
    const std::vector<Output>& outputs;
    std::vector<Canvas> canvases;
    int rows;
    int columns;
  };
  void prepare(int columns, int threads);
  void run_band(Workspace& workspace, const Job& job, int top, int bottom) const noexcept;
  void run_piece(Workspace& workspace, const Job& job, const Piece& piece) const noexcept;
  /** The sizes of what is read and written, checked. */
  Job job_of(const std::vector<Input>& inputs, int rows, int columns, const std::vector<Output>& outputs) const;
  std::vector<size_t> output_lengths(int rows, int columns) const;
  void read(const Job& job, int y, int left, int count, const Row<uint8_t>& out) const noexcept;
  /** Gives away a row of a result; `pixels` begins with column `left`, `anchor` is value 0's. */
  void write(const Job& job, int value, int y, int left, int count, const Row<uint8_t>& pixels, const Row<const uint8_t>& anchor, uint8_t* line) const noexcept;
  void compute(Workspace& workspace, const Job& job, const Piece& piece, int value, int y) const noexcept;

  const Kernel& kernel_;
  size_t pieceBytes_;
  std::vector<Planes> pictures_;
  std::vector<Planes> canvases_;
  /** The greatest block of `canvases_`. */
  int mostBlock_ = 1;
  int firstResult_;
  /** Bytes of a pixel of each result of pixels; empty for pictures. */
  std::vector<int> resultChannels_;
  /** Steps after value 0 at which the last row of a result is computed. */
  int lastLag_ = 0;
  std::vector<Stage> stages_;
  /** For each convolution its inputs; parallel to convs_. */
  std::vector<std::vector<int>> inputs_;
  std::vector<int> kernels_;
  std::vector<std::unique_ptr<RowConv>> convs_;
  /** Runs of the convolution with the most. */
  size_t mostRuns_ = 0;
  /** One for each of `canvases_`, or none. */
  std::vector<Anchor> anchors_;
  /** Columns of a piece, for which the workspaces are. */
  int pieceColumns_ = 0;
  /** One for each thread. */
  std::vector<Workspace> workspaces_;
};

}  // namespace srvid
