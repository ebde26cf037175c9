#include "self-check.h"

#include "network.h"
#include "portable.h"
#include "random-plan.h"

namespace srvid {

namespace {

constexpr int kNetworks = 12;

bool agrees_on(const Kernel& kernel, Random& random) {
  const Plan plan = random_plan(random, {3, 40});
  const int rows = random.between(1, 4);
  const int columns = random.between(1, 50);
  const size_t pixels = static_cast<size_t>(rows) * columns;
  const Pictures pictures(random, plan, pixels);
  Results expected(plan, pixels);
  Results found(plan, pixels);
  Network(plan, portable_kernel()).run(pictures.inputs(), rows, columns, expected.outputs(), 1);
  Network(plan, kernel).run(pictures.inputs(), rows, columns, found.outputs(), 1);
  return expected == found;
}

}  // namespace

bool agrees_with_portable(const Kernel& kernel) noexcept {
  try {
    Random random(1);
    for (int network = 0; network < kNetworks; network++) {
      if (!agrees_on(kernel, random)) return false;
    }
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace srvid
