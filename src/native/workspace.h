#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aligned.h"
#include "schedule.h"

namespace srvid {

/** The rings of rows that one thread works in, all in one block of memory. */
class Workspace {
 public:
  /** For pieces of the result of at most `columns` columns, before their surroundings. `runs` and `scratch` are the most that a convolution needs. */
  Workspace(const std::vector<Stage>& stages, int columns, size_t runs, size_t scratch);

  /** Row y of a value, from the margin on. */
  uint8_t* row(int value, int y) noexcept { return ring(value).first + static_cast<size_t>(y % ring(value).rows) * ring(value).rowBytes; }
  /** Zeros, as long as the longest row. */
  const uint8_t* zeros() const noexcept { return memory_.data(); }
  /** Room for the pointers to a window's runs. */
  const uint8_t** runs() noexcept { return runs_.data(); }
  /** Room for a kernel. */
  void* scratch() noexcept { return scratch_.data(); }

  /** Bytes that a workspace would take. */
  static size_t bytes(const std::vector<Stage>& stages, int columns);

 private:
  struct Ring {
    uint8_t* first;
    size_t rowBytes;
    int rows;
  };
  Ring& ring(int value) noexcept { return rings_[static_cast<size_t>(value)]; }

  Aligned<uint8_t> memory_;
  std::vector<Ring> rings_;
  std::vector<const uint8_t*> runs_;
  Aligned<uint8_t> scratch_;
};

}  // namespace srvid
