#pragma once

#include <cstdint>

namespace srvid {

/** The parts of a convolution's program that all kernels have: weights and what makes bytes of sums, in the order in which a kernel reads them. */
struct Packed {
  const int8_t* weights;
  const int32_t* bias;
  const float* multiplier;
  /** Bytes from pixel to pixel of the result, a multiple of 4. */
  int outStride;
  int zeroPoint;
};

}  // namespace srvid
