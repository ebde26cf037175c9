#include "workspace.h"

#include <algorithm>

#include "kernel.h"

namespace srvid {

namespace {

/** Rows begin on cache lines. */
constexpr size_t kLine = 64;

size_t aligned(size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

/**
 * Readers start up to a margin before the row and work on whole blocks of pixels, so a plane has both margins, a block, and what a kernel
 * reads beyond a window.
 */
size_t plane_bytes(const Stage& stage, int columns) {
  const size_t pixels = static_cast<size_t>(columns) + 2 * static_cast<size_t>(std::max(stage.reach, 0)) + 3 * static_cast<size_t>(stage.margin) + kSlack.pixels;
  return aligned(pixels * stage.layout.stride + 2 * kSlack.bytes);
}

size_t longest_plane(const std::vector<Stage>& stages, int columns) {
  size_t longest = 0;
  for (const Stage& stage : stages) longest = std::max(longest, plane_bytes(stage, columns));
  return longest;
}

}  // namespace

size_t Workspace::bytes(const std::vector<Stage>& stages, int columns) {
  size_t sum = longest_plane(stages, columns);
  for (const Stage& stage : stages) {
    if (stage.reach >= 0) sum += plane_bytes(stage, columns) * stage.layout.planes * stage.rows;
  }
  return sum;
}

Workspace::Workspace(const std::vector<Stage>& stages, int columns, int block, size_t runs, size_t scratch)
    : zeros_(longest_plane(stages, columns)), runs_(runs), line_(static_cast<size_t>(columns) * block), scratch_(scratch) {
  for (const Stage& stage : stages) {
    const size_t planeBytes = plane_bytes(stage, columns);
    const size_t rowBytes = planeBytes * stage.layout.planes;
    rings_.push_back({Aligned<uint8_t>(stage.reach < 0 ? 0 : rowBytes * stage.rows), planeBytes, rowBytes, stage.rows});
  }
}

}  // namespace srvid
