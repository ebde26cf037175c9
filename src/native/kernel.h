#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "requantisation.h"

namespace srvid {

/**
 * A convolution as kernels see it. Pixels lie with all their channels together (NHWC), so a window's row is a run of neighbouring
 * bytes: the result of a pixel is, for each channel, the dot product of weights with the bytes of a few such runs. A concatenation
 * has the runs of all its inputs. With few channels a run holds the taps side by side, so that nothing is padded but its end.
 */
struct Windows : Requantisation {
  struct Run {
    /** Bytes from a pixel's run to the next pixel's. */
    int stride;
    /** Bytes of the run: kernel width x stride. */
    int bytes;
  };
  std::vector<Run> runs;
  int channels = 0;
  /** Bytes from one pixel to the next in the result: channels, rounded up to a multiple of 4. The bytes between may hold anything. */
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
   * Computes a row of `width` pixels. `runs` points to the run of pixel 0 in each row of the window. Up to kSlack.pixels - 1 pixels beyond
   * `width` are written, too, with values that mean nothing. For each pixel written, kSlack.bytes more than its run are read.
   */
  virtual void row(const uint8_t* const* runs, uint8_t* out, int width, void* scratch) const noexcept = 0;
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
  std::unique_ptr<RowConv> (*pack)(const Windows&);
  /** Prepare a thread for `row`, and clean up behind it; may be null. */
  void (*enter)() noexcept;
  void (*leave)() noexcept;
};

}  // namespace srvid
