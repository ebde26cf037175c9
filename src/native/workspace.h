#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "schedule.h"

namespace srvid {

/** The rings of rows that one thread works in, all in one block of memory. */
class Workspace {
 public:
  /** For pieces of the result of at most `columns` columns, before their surroundings. `longestWindow` is the most rows that a window has, inputs together. */
  Workspace(const std::vector<Stage>& stages, int columns, int longestWindow);

  /** Row y of a value, from the margin on. */
  uint8_t* row(int value, int y) noexcept { return ring(value).first + static_cast<size_t>(y % ring(value).rows) * ring(value).rowBytes; }
  /** Zeros, as long as the longest row. */
  const uint8_t* zeros() const noexcept { return memory_.data(); }
  /** Room for the pointers to a window's rows. */
  const uint8_t** window() noexcept { return window_.data(); }

  /** Bytes that a workspace would take. */
  static size_t bytes(const std::vector<Stage>& stages, int columns);

 private:
  struct Ring {
    uint8_t* first;
    size_t rowBytes;
    int rows;
  };
  Ring& ring(int value) noexcept { return rings_[static_cast<size_t>(value)]; }

  std::vector<uint8_t> memory_;
  std::vector<Ring> rings_;
  std::vector<const uint8_t*> window_;
};

}  // namespace srvid
