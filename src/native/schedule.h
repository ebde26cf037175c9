#pragma once

#include <vector>

#include "plan.h"
#include "row-layout.h"

namespace srvid {

/**
 * When rows are computed and how long they are kept. At step t each value gets its row t - lag, in the order of the chain, so a
 * convolution finds the rows below its own already there. A value keeps the newest `rows` rows in a ring.
 */
struct Stage {
  /** A result has all channels of a pixel together, whatever the order of the others. */
  RowLayout layout;
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
std::vector<Stage> schedule(const Plan& plan, RowOrder order);

}  // namespace srvid
