#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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
   * Runs on planes of height x width bytes, both multiples of the fold, and fills the result's planes, or each of the results of pixels. Throws
   * std::invalid_argument where lengths do not fit, std::bad_alloc where memory is short. The result does not depend on the number of threads.
   */
  void run(const uint8_t* input, size_t inputLength, int height, int width, const std::vector<Output>& outputs, int threads);

 private:
  struct Job {
    Picture picture;
    const std::vector<Output>& outputs;
    Canvas canvas;
    int rows;
    int columns;
  };
  void prepare(int columns, int threads);
  void run_band(Workspace& workspace, const Job& job, int top, int bottom) const noexcept;
  void run_piece(Workspace& workspace, const Job& job, const Piece& piece) const noexcept;
  std::vector<size_t> output_lengths(int rows, int columns) const;
  void compute(Workspace& workspace, const Job& job, const Piece& piece, int value, int y) const noexcept;

  const Kernel& kernel_;
  size_t pieceBytes_;
  int inputPlanes_;
  int fold_;
  int shuffle_;
  int outputPlanes_;
  int firstResult_;
  /** Bytes of a pixel of each result of pixels; empty for a picture. */
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
  std::optional<Anchor> anchor_;
  /** Columns of a piece, for which the workspaces are. */
  int pieceColumns_ = 0;
  /** One for each thread. */
  std::vector<Workspace> workspaces_;
};

}  // namespace srvid
