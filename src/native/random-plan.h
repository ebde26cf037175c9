#pragma once

#include <cstdint>
#include <vector>

#include "network.h"
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
 * A valid plan with every feature now and then: several pictures, folds, concatenations, anchors, results of pixels, extreme weights, values that nothing reads. Multipliers bring
 * results into the range of bytes, so that differences show.
 */
Plan random_plan(Random& random, const PlanSizes& sizes);

/** Random bytes for a plan to read: all random, or all of one extreme, or both extremes mixed. */
class Pictures {
 public:
  /** For `pixels` pixels of the folded picture. */
  Pictures(Random& random, const Plan& plan, size_t pixels);
  const std::vector<Input>& inputs() const { return inputs_; }
  /** Makes the first of them longer by a byte, which no run takes. */
  void spoil();

 private:
  void point();
  std::vector<std::vector<uint8_t>> bytes_;
  std::vector<Input> inputs_;
};

/** Memory for what a plan gives. */
class Results {
 public:
  /** For `pixels` pixels of the folded picture. */
  Results(const Plan& plan, size_t pixels);
  const std::vector<Output>& outputs() const { return outputs_; }
  /** Makes the first of them longer by a byte, which no run takes. */
  void spoil();
  bool operator==(const Results& other) const { return bytes_ == other.bytes_; }

 private:
  void point();
  std::vector<std::vector<uint8_t>> bytes_;
  std::vector<Output> outputs_;
};

}  // namespace srvid
