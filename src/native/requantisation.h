#pragma once

#include <cstdint>
#include <vector>

namespace srvid {

/** The way from sums to bytes: clamp(roundHalfToEven(float(sum + bias) * multiplier) + zeroPoint, 0, 255), as `requantised` computes it. */
struct Requantisation {
  /** [channels], in units of the integer sum. */
  std::vector<int32_t> bias;
  /** [channels]. */
  std::vector<float> multiplier;
  int zeroPoint = 0;
};

}  // namespace srvid
