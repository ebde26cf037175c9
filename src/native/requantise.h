#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace srvid {

inline int rounded_product(int32_t sum, float multiplier) { return static_cast<int>(std::nearbyint(static_cast<float>(sum) * multiplier)); }

inline uint8_t clamped_byte(int value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); }

/**
 * A sum as a byte: float(sum) x multiplier, rounded half to even, plus the zero point, clamped. Every kernel gives exactly this, so the
 * product must stay a float of its own: files that contain it are compiled without contraction to fused operations.
 */
inline uint8_t requantised(int32_t sum, float multiplier, int zeroPoint) {
  return clamped_byte(rounded_product(sum, multiplier) + zeroPoint);
}

}  // namespace srvid
