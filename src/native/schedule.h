#pragma once

#include <vector>

#include "plan.h"

namespace srvid {

/**
 * When rows are computed and how long they are kept. At step t each value gets its row t - lag, in the order of the chain, so a
 * convolution finds the rows below its own already there. A value keeps the newest `rows` rows in a ring.
 */
struct Stage {
  /** Bytes of a pixel. For value 0 its channels; for others those rounded up to a multiple of 4. */
  int stride = 0;
  /** Steps after value 0. */
  int lag = 0;
  /** Pixels around a piece of the result that it depends on, in each direction; -1 for a value that nothing depends on. */
  int reach = -1;
  /** Pixels of zeros that its readers see beside each row. */
  int margin = 0;
  /** Rows of the ring. */
  int rows = 1;
};

/** The stages of a plan that was checked, one for each value. */
std::vector<Stage> schedule(const Plan& plan);

}  // namespace srvid
