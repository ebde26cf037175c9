#include "avx2-bins.h"

#include <algorithm>
#include <utility>

#include "avx2-program.h"

namespace srvid {

namespace {

constexpr int kMost = 128;
/** Bins that are tried for a quad. It bounds the time for very wide networks; others have fewer bins. */
constexpr size_t kOpenBins = 64;

/** For each pair of bytes, of eight channels: the sum of positive weights, and that of the negative ones' magnitudes. */
struct Load {
  std::array<int16_t, 16> positive{};
  std::array<int16_t, 16> negative{};

  int most() const {
    return std::max(*std::max_element(positive.begin(), positive.end()), *std::max_element(negative.begin(), negative.end()));
  }
  Load& operator+=(const Load& other) {
    for (size_t pair = 0; pair < positive.size(); pair++) {
      positive[pair] = static_cast<int16_t>(positive[pair] + other.positive[pair]);
      negative[pair] = static_cast<int16_t>(negative[pair] + other.negative[pair]);
    }
    return *this;
  }
  /** Squares prefer bins that are full already: what remains free stays in one place. */
  int64_t fullness() const {
    int64_t sum = 0;
    for (size_t pair = 0; pair < positive.size(); pair++) sum += positive[pair] * positive[pair] + negative[pair] * negative[pair];
    return sum;
  }
};

Load load_of(const Quad& quad) {
  Load load;
  for (size_t i = 0; i < quad.weights.size(); i++) {
    const int weight = quad.weights[i];
    int16_t& sum = weight > 0 ? load.positive[i / 2] : load.negative[i / 2];
    sum = static_cast<int16_t>(sum + std::abs(weight));
  }
  return load;
}

struct Item {
  Quad quad;
  Load load;
};

/** One item, or two where a pair of weights exceeds what 16 bits hold: its second weight then goes to the second item. */
void append_items(const Quad& quad, std::vector<Item>& items) {
  const Load load = load_of(quad);
  if (load.most() <= kMost) {
    if (load.most() > 0) items.push_back({quad, load});
    return;
  }
  Quad first = quad;
  Quad second{quad.run, quad.offset, {}};
  for (size_t pair = 0; pair < load.positive.size(); pair++) {
    if (load.positive[pair] <= kMost && load.negative[pair] <= kMost) continue;
    std::swap(first.weights[2 * pair + 1], second.weights[2 * pair + 1]);
  }
  items.push_back({first, load_of(first)});
  items.push_back({second, load_of(second)});
}

struct OpenBin {
  QuadBin quads;
  Load load;
  int stride;
};

}  // namespace

std::vector<QuadBin> binned(const std::vector<Quad>& quads, const std::vector<int>& strideOfRun) {
  std::vector<Item> items;
  for (const Quad& quad : quads) append_items(quad, items);
  // The largest first: small ones fill what they leave. Stable, so that packing gives the same everywhere.
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.load.most() > b.load.most(); });
  std::vector<OpenBin> bins;
  for (const Item& item : items) {
    const int stride = strideOfRun[item.quad.run];
    OpenBin* best = nullptr;
    int64_t bestFullness = -1;
    for (size_t index = bins.size() - std::min(bins.size(), kOpenBins); index < bins.size(); index++) {
      if (bins[index].stride != stride || bins[index].quads.size() == kMostEntries) continue;
      Load together = bins[index].load;
      together += item.load;
      if (together.most() > kMost || together.fullness() <= bestFullness) continue;
      best = &bins[index];
      bestFullness = together.fullness();
    }
    if (!best) best = &bins.emplace_back(OpenBin{{}, {}, stride});
    best->quads.push_back(item.quad);
    best->load += item.load;
  }
  std::stable_sort(bins.begin(), bins.end(), [](const OpenBin& a, const OpenBin& b) {
    return a.quads.size() != b.quads.size() ? a.quads.size() > b.quads.size() : a.stride > b.stride;
  });
  std::vector<QuadBin> out;
  for (OpenBin& bin : bins) out.push_back(std::move(bin.quads));
  return out;
}

}  // namespace srvid
