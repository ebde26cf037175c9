#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "requantisation.h"
#include "row-layout.h"

namespace srvid {

/**
 * A convolution as kernels see it: the result of a pixel is, for each channel, the dot product of weights with the bytes of a few runs. A run is
 * a row of the window in one plane of one input; see RowLayout.
 */
struct Windows : Requantisation {
  struct Run {
    /** Bytes from a pixel's run to the next pixel's. */
    int stride;
    /** Bytes of the run that weights are for, a multiple of 4 in the order of quads. */
    int bytes;
    /** Bytes from each four of them to the next four. */
    int step;
  };
  std::vector<Run> runs;
  int channels = 0;
  /**
   * Bytes from one pixel to the next in the result. In the order of pixels, and for the last convolution, that is its channels, rounded up to a
   * multiple of 4, otherwise 4. Bytes that belong to no channel may hold anything.
   */
  int outStride = 0;
  /** [channels][bytes of all runs, one after another]; 0 for bytes that hold no channel. */
  std::vector<int8_t> weights;

  /** Bytes of all runs together. */
  int window_bytes() const {
    int sum = 0;
    for (const Run& run : runs) sum += run.bytes;
    return sum;
  }
};

/** A convolution with its weights packed for a kernel. */
class RowConv {
 public:
  virtual ~RowConv() = default;
  /**
   * Computes a row of `width` pixels. `runs` points to each run of pixel 0. Four channels of the result lie `outPlane` bytes behind the four
   * before them. Up to kSlack.pixels - 1 pixels beyond `width` are written, too, with values that mean nothing. For each pixel written,
   * kSlack.bytes more than its run are read.
   */
  virtual void row(const uint8_t* const* runs, uint8_t* out, ptrdiff_t outPlane, int width, void* scratch) const noexcept = 0;
  /** Bytes of memory of its own that `row` needs for the time of the call, on a cache line. */
  virtual size_t scratch() const noexcept { return 0; }
};

/** The memory that rows must have beyond their pixels, since kernels work on whole blocks. */
struct Slack {
  int pixels;
  int bytes;
};
inline constexpr Slack kSlack{32, 64};

/** One way to compute convolutions. All kernels give the same bytes. */
struct Kernel {
  const char* name;
  RowOrder order;
  std::unique_ptr<RowConv> (*pack)(const Windows&);
  /** Prepare a thread for `row`, and clean up behind it; may be null. */
  void (*enter)() noexcept;
  void (*leave)() noexcept;
  /**
   * The kernel's multiplying instructions alone, on registers, `rounds` times; returns the multiplications of bytes that this were. It shows the
   * most that the kernel could reach on this processor. Null for kernels in plain C++, which leave the choice of instructions to the compiler.
   */
  double (*bareLoop)(long rounds) noexcept;
};

}  // namespace srvid
