#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aligned.h"
#include "schedule.h"

namespace srvid {

/** The rings of rows that one thread works in. Each is memory of its own, so that AddressSanitizer sees who leaves his. */
class Workspace {
 public:
  /**
   * For pieces of the result of at most `columns` columns, each a block of `block` pixels of the output, before their surroundings. `runs` and
   * `scratch` are the most that a convolution needs.
   */
  Workspace(const std::vector<Stage>& stages, int columns, int block, size_t runs, size_t scratch);

  /** The first plane of row y of a value, from the margin on. */
  uint8_t* row(int value, int y) noexcept {
    Ring& ring = rings_[static_cast<size_t>(value)];
    return ring.memory.data() + static_cast<size_t>(y % ring.rows) * ring.rowBytes;
  }
  /** Bytes from one plane of a value's row to the next. */
  ptrdiff_t plane(int value) const noexcept { return static_cast<ptrdiff_t>(rings_[static_cast<size_t>(value)].planeBytes); }
  /** Zeros, as long as the longest plane of a row. */
  const uint8_t* zeros() const noexcept { return zeros_.data(); }
  /** Room for the pointers to a window's runs. */
  const uint8_t** runs() noexcept { return runs_.data(); }
  /** Room for a row of a piece of the output. */
  uint8_t* line() noexcept { return line_.data(); }
  /** Room for a kernel. */
  void* scratch() noexcept { return scratch_.data(); }

  /** Bytes that a workspace would take. */
  static size_t bytes(const std::vector<Stage>& stages, int columns);

 private:
  struct Ring {
    Aligned<uint8_t> memory;
    size_t planeBytes;
    size_t rowBytes;
    int rows;
  };

  Aligned<uint8_t> zeros_;
  std::vector<Ring> rings_;
  std::vector<const uint8_t*> runs_;
  Aligned<uint8_t> line_;
  Aligned<uint8_t> scratch_;
};

}  // namespace srvid
