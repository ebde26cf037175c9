#pragma once

#include <cstdint>
#include <vector>

#include "plan.h"

namespace srvid {

/** Pseudo-random numbers that are the same everywhere (SplitMix64, Steele, Lea and Flood 2014). */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  /** From least to most, both included. */
  int between(int least, int most);
  bool one_in(int n) { return between(1, n) == 1; }

 private:
  uint64_t state_;
};

/** The largest sizes of a random plan. */
struct PlanSizes {
  int convs = 4;
  int channels = 40;
};

/**
 * A valid plan with every feature now and then: folds, concatenations, anchors, extreme weights, values that nothing reads. Multipliers bring
 * results into the range of bytes, so that differences show.
 */
Plan random_plan(Random& random, const PlanSizes& sizes);

/** Bytes: all random, or all of one extreme, or both extremes mixed. */
std::vector<uint8_t> random_bytes(Random& random, size_t length);

}  // namespace srvid
