#include "plan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace srvid {

namespace {

/** No result may come near the ends of int32, where a conversion from float would give another value. */
constexpr int64_t kLargest = int64_t{1} << 30;

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument("plan: " + why); }

void within(const std::string& what, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  refuse(what + " is " + std::to_string(value) + ", not from " + std::to_string(least) + " to " + std::to_string(most));
}

void same_length(const std::string& what, size_t found, size_t expected) {
  if (found != expected) refuse(what + " has " + std::to_string(found) + " values instead of " + std::to_string(expected));
}

void check_ranges(const Conv& conv, size_t terms, const std::string& name) {
  for (int channel = 0; channel < conv.channels; channel++) {
    const float multiplier = conv.multiplier[channel];
    if (!std::isfinite(multiplier)) refuse(name + " has a multiplier that is no finite number");
    int64_t largest = std::abs(static_cast<int64_t>(conv.bias[channel]));
    for (size_t i = 0; i < terms; i++) largest += 255 * std::abs(static_cast<int>(conv.weights[channel * terms + i]));
    if (largest > kLargest) refuse(name + " has sums that do not fit in 31 bits");
    if (static_cast<double>(largest) * std::fabs(static_cast<double>(multiplier)) > static_cast<double>(kLargest)) {
      refuse(name + " has results that do not fit in 31 bits before they are clamped");
    }
  }
}

void check_conv(const Plan& plan, size_t index, size_t& weights) {
  const Conv& conv = plan.convs[index];
  const std::string name = "convolution " + std::to_string(index);
  if (conv.kernel != 1 && conv.kernel != 3 && conv.kernel != 5) refuse(name + " has a kernel of " + std::to_string(conv.kernel) + ", not of 1, 3 or 5");
  within(name + ": the number of channels", conv.channels, 1, Limits::channels);
  within(name + ": the number of inputs", static_cast<int64_t>(conv.inputs.size()), 1, Limits::inputs);
  const int value = static_cast<int>(index) + 1;
  const bool result = value >= first_result(plan);
  const int readable = result ? first_result(plan) - 1 : value - 1;
  for (const int input : conv.inputs) within(name + ": an input", input, 0, readable);
  within(name + ": the zero point", conv.zeroPoint, 0, result ? 255 : 0);
  const size_t terms = static_cast<size_t>(input_channels_of(plan, conv)) * conv.kernel * conv.kernel;
  same_length(name + ": weights", conv.weights.size(), terms * conv.channels);
  same_length(name + ": bias", conv.bias.size(), conv.channels);
  same_length(name + ": multiplier", conv.multiplier.size(), conv.channels);
  weights += conv.weights.size();
  if (weights > Limits::weights) refuse("more than " + std::to_string(Limits::weights) + " weights");
  check_ranges(conv, terms, name);
}

void check_pictures(const std::string& name, const std::vector<Planes>& pictures, int least) {
  within("the number of " + name + "s", static_cast<int64_t>(pictures.size()), least, Limits::pictures);
  for (const Planes& picture : pictures) {
    within("the number of an " + name + "'s planes", picture.planes, 1, Limits::planes);
    within("the block of an " + name, picture.block, 1, Limits::block);
  }
}

}  // namespace

int first_result(const Plan& plan) { return static_cast<int>(plan.convs.size()) - std::max(plan.pixelResults, 1) + 1; }

int channels_of(const std::vector<Planes>& pictures) {
  int sum = 0;
  for (const Planes& picture : pictures) sum += picture.channels();
  return sum;
}

int channels_of(const Plan& plan, int value) {
  return value == 0 ? channels_of(plan.inputs) : plan.convs[static_cast<size_t>(value) - 1].channels;
}

int input_channels_of(const Plan& plan, const Conv& conv) {
  int sum = 0;
  for (const int input : conv.inputs) sum += channels_of(plan, input);
  return sum;
}

void check(const Plan& plan) {
  check_pictures("input", plan.inputs, 1);
  within("the number of convolutions", static_cast<int64_t>(plan.convs.size()), 1, Limits::convs);
  within("the number of results of pixels", plan.pixelResults, 0, static_cast<int64_t>(plan.convs.size()));
  if (plan.pixelResults > 0 && !(plan.outputs.empty() && plan.anchor.empty())) refuse("results of pixels have neither outputs nor an anchor");
  check_pictures("output", plan.outputs, plan.pixelResults > 0 ? 0 : 1);
  size_t weights = 0;
  for (size_t index = 0; index < plan.convs.size(); index++) check_conv(plan, index, weights);
  const int channels = plan.convs.back().channels;
  if (plan.pixelResults == 0 && channels != channels_of(plan.outputs)) {
    refuse("the last convolution has " + std::to_string(channels) + " channels, and the outputs are made of " + std::to_string(channels_of(plan.outputs)));
  }
  if (plan.anchor.empty()) return;
  same_length("the anchor", plan.anchor.size(), channels);
  for (const int channel : plan.anchor) within("a channel of the anchor", channel, 0, channels_of(plan, 0) - 1);
}

}  // namespace srvid
