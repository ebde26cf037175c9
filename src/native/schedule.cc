#include "schedule.h"

#include <algorithm>

namespace srvid {

std::vector<Stage> schedule(const Plan& plan, RowOrder order) {
  const int last = static_cast<int>(plan.convs.size());
  const int firstResult = first_result(plan);
  std::vector<Stage> stages(static_cast<size_t>(last) + 1);
  const bool quads = order == RowOrder::kQuads;
  stages[0].layout = quads ? picture_quads_layout(channels_of(plan, 0)) : pixels_layout(channels_of(plan, 0));
  for (int value = 1; value <= last; value++) {
    const Conv& conv = plan.convs[value - 1];
    Stage& stage = stages[value];
    stage.layout = quads && value < firstResult ? quads_layout(conv.channels) : pixels_layout(whole_quads(conv.channels));
    for (const int input : conv.inputs) stage.lag = std::max(stage.lag, stages[input].lag + conv.kernel / 2);
  }
  for (int value = firstResult; value <= last; value++) stages[value].reach = 0;
  if (!plan.anchor.empty()) {
    stages[0].reach = 0;
    stages[0].rows = stages[last].lag + 1;
  }
  for (int value = last; value >= 1; value--) {
    if (stages[value].reach < 0) continue;
    const Conv& conv = plan.convs[value - 1];
    const int radius = conv.kernel / 2;
    for (const int index : conv.inputs) {
      Stage& input = stages[index];
      input.reach = std::max(input.reach, stages[value].reach + radius);
      input.margin = std::max(input.margin, radius);
      input.rows = std::max(input.rows, stages[value].lag + radius - input.lag + 1);
    }
  }
  return stages;
}

}  // namespace srvid
