#include "random-plan.h"

#include <algorithm>
#include <cmath>

namespace srvid {

namespace {

/** The distribution of a convolution's weights. The extremes are those that overflow 16-bit sums first. */
enum class Weights { narrow, wide, extreme };

int8_t random_weight(Random& random, Weights kind) {
  switch (kind) {
    case Weights::narrow:
      return static_cast<int8_t>(random.between(-20, 20));
    case Weights::wide:
      return static_cast<int8_t>(random.between(-128, 127));
    default:
      return static_cast<int8_t>(random.one_in(2) ? 127 : -128);
  }
}

std::vector<int> random_inputs(Random& random, int last) {
  std::vector<int> inputs{random.one_in(8) ? random.between(0, last) : last};
  while (inputs.size() < 3 && random.one_in(5)) inputs.push_back(random.between(0, last));
  return inputs;
}

std::vector<Planes> random_pictures(Random& random, int mostPlanes, int mostBlock) {
  std::vector<Planes> pictures;
  do {
    pictures.push_back({random.one_in(3) ? random.between(1, mostPlanes) : 1, random.one_in(3) ? 1 : random.between(1, mostBlock)});
  } while (pictures.size() < 3 && random.one_in(6));
  return pictures;
}

/** Bytes: all random, or all of one extreme, or both extremes mixed. */
std::vector<uint8_t> random_bytes(Random& random, size_t length) {
  const int kind = random.between(0, 3);
  std::vector<uint8_t> bytes(length);
  for (uint8_t& byte : bytes) byte = kind == 0 ? 255 : kind == 1 ? (random.one_in(2) ? 255 : 0) : static_cast<uint8_t>(random.between(0, 255));
  return bytes;
}

void fill(Random& random, Conv& conv, int terms) {
  const Weights kind = random.one_in(6) ? Weights::extreme : random.one_in(2) ? Weights::wide : Weights::narrow;
  conv.weights.resize(static_cast<size_t>(conv.channels) * terms);
  for (int8_t& weight : conv.weights) weight = random_weight(random, kind);
  const double typical = 128 * std::sqrt(static_cast<double>(terms)) * (kind == Weights::narrow ? 12 : 74);
  for (int channel = 0; channel < conv.channels; channel++) {
    conv.bias.push_back(random.between(-static_cast<int>(typical), static_cast<int>(typical)));
    conv.multiplier.push_back(static_cast<float>(random.between(20, 400) / typical) * (random.one_in(20) ? -1 : 1));
  }
}

}  // namespace

uint64_t Random::next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

int Random::between(int least, int most) { return least + static_cast<int>(next() % (static_cast<uint64_t>(most - least) + 1)); }

Plan random_plan(Random& random, const PlanSizes& sizes) {
  Plan plan;
  plan.inputs = random_pictures(random, 4, random.one_in(3) ? 2 : 1);
  plan.outputs = random_pictures(random, 2, 4);
  const int convs = random.between(1, sizes.convs);
  if (random.one_in(4)) {
    plan.outputs.clear();
    plan.pixelResults = random.between(1, convs);
  }
  const int inner = convs - std::max(plan.pixelResults, 1);
  for (int index = 0; index < convs; index++) {
    Conv conv;
    conv.inputs = random_inputs(random, std::min(index, inner));
    conv.kernel = random.one_in(4) ? 1 : index == 0 && random.one_in(2) ? 5 : random.one_in(8) ? 5 : 3;
    const bool result = index >= inner;
    conv.channels = result && plan.pixelResults == 0 ? channels_of(plan.outputs) : random.between(1, sizes.channels);
    conv.zeroPoint = result && random.one_in(2) ? random.between(0, 255) : 0;
    fill(random, conv, input_channels_of(plan, conv) * conv.kernel * conv.kernel);
    plan.convs.push_back(std::move(conv));
  }
  if (plan.pixelResults == 0 && random.one_in(2)) {
    const int most = channels_of(plan, 0) - 1;
    const bool uniform = random.one_in(2);
    const int one = random.between(0, most);
    for (int channel = 0; channel < plan.convs.back().channels; channel++) plan.anchor.push_back(uniform ? one : random.between(0, most));
  }
  return plan;
}

Results::Results(const Plan& plan, size_t pixels) {
  for (int value = first_result(plan); value <= static_cast<int>(plan.convs.size()); value++) bytes_.emplace_back(pixels * channels_of(plan, value));
  point();
}

void Results::spoil() {
  bytes_[0].push_back(0);
  point();
}

void Results::point() {
  outputs_.clear();
  for (std::vector<uint8_t>& bytes : bytes_) outputs_.push_back({bytes.data(), bytes.size()});
}

Pictures::Pictures(Random& random, const Plan& plan, size_t pixels) {
  for (const Planes& picture : plan.inputs) bytes_.push_back(random_bytes(random, pixels * picture.channels()));
  point();
}

void Pictures::spoil() {
  bytes_[0].push_back(0);
  point();
}

void Pictures::point() {
  inputs_.clear();
  for (const std::vector<uint8_t>& bytes : bytes_) inputs_.push_back({bytes.data(), bytes.size()});
}

}  // namespace srvid

