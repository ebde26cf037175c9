// Tries random plans, valid and broken, with random pictures, threads and kernels. Every kernel must give the bytes of portable C++, and broken
// plans must be refused with words. It is compiled with sanitizers, which end it where memory or arithmetic goes wrong.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>

#include "kernels.h"
#include "network.h"
#include "portable.h"
#include "random-plan.h"

namespace srvid {

namespace {

/** Values that break what relies on small, positive, consistent numbers. */
int odd_number(Random& random) {
  constexpr int kOdd[] = {-1, 0, 1, 2, 3, 7, 9, 17, 255, 256, 4097, 65537, 1 << 30, INT32_MAX, INT32_MIN};
  return kOdd[random.between(0, std::size(kOdd) - 1)];
}

void break_pictures(Random& random, std::vector<Planes>& pictures) {
  if (pictures.empty()) return pictures.assign(random.between(1, 20), {});
  Planes& picture = pictures[random.between(0, static_cast<int>(pictures.size()) - 1)];
  (random.one_in(2) ? picture.planes : picture.block) = odd_number(random);
}

/** Changes one thing, which may or may not leave the plan valid. */
void break_plan(Random& random, Plan& plan) {
  Conv& conv = plan.convs[random.between(0, static_cast<int>(plan.convs.size()) - 1)];
  const auto resize = [&](auto& values) { values.resize(random.one_in(2) ? values.size() + 1 : values.size() / 2); };
  switch (random.between(0, 14)) {
    case 0: break_pictures(random, plan.inputs); break;
    case 1: break_pictures(random, plan.outputs); break;
    case 2: resize(random.one_in(2) ? plan.inputs : plan.outputs); break;
    case 3: conv.kernel = odd_number(random); break;
    case 4: conv.channels = odd_number(random); break;
    case 5: conv.zeroPoint = odd_number(random); break;
    case 6: conv.inputs.assign(1, odd_number(random)); break;
    case 7: resize(conv.inputs); break;
    case 8: resize(conv.weights); break;
    case 9: resize(conv.bias); break;
    case 10: resize(conv.multiplier); break;
    case 11: conv.bias[0] = odd_number(random); break;
    case 12: {
      constexpr float kOdd[] = {0.0f, -0.0f, 1e-45f, 1e30f, -1e30f, 3.4e38f};
      conv.multiplier[0] = random.one_in(4) ? std::strtof(random.one_in(2) ? "nan" : "inf", nullptr) : kOdd[random.between(0, 5)];
      break;
    }
    case 13: plan.pixelResults = odd_number(random); break;
    default: plan.anchor.assign(random.between(0, 20), odd_number(random)); break;
  }
}

/** Products of a case, about: many small cases find more than a few large ones. */
constexpr int kProducts = 100000;

/** Products for each pixel. */
int products_of(const Plan& plan) {
  size_t sum = 0;
  for (const Conv& conv : plan.convs) sum += conv.weights.size();
  return static_cast<int>(std::min(sum, size_t{kProducts}));
}

struct Tally {
  std::map<std::string, long> compared;
  std::map<std::string, long> refused;
};

/** Runs a plan, portably and by another kernel. Throws std::invalid_argument where the plan or the sizes are refused. */
void run_case(Random& random, const Plan& plan, Tally& tally) {
  const std::vector<const Kernel*>& all = kernels();
  // The fastest one mostly, since emulated ones take a hundred times as long.
  const Kernel& kernel = *all[random.one_in(6) ? random.between(0, static_cast<int>(all.size()) - 1) : 0];
  Network reference(plan, portable_kernel());
  Network network(plan, kernel, random.one_in(2) ? 1 : size_t{1} << 20);
  const int runs = random.between(1, 2);
  for (int run = 0; run < runs; run++) {
    const int fewRows = random.between(1, 7);
    const int fewColumns = random.between(1, std::max(1, kProducts / products_of(plan) / fewRows));
    const int rows = random.one_in(40) ? odd_number(random) : fewRows;
    const int columns = random.one_in(40) ? odd_number(random) : fewColumns;
    const int64_t product = static_cast<int64_t>(rows) * columns;
    // Where the sizes make no sense the lengths do not matter, as long as no byte is touched.
    const size_t pixels = rows > 0 && columns > 0 && product < 20000 ? static_cast<size_t>(product) : 0;
    Pictures pictures(random, plan, pixels);
    if (random.one_in(50)) pictures.spoil();
    Results expected(plan, pixels);
    Results found(plan, pixels);
    if (random.one_in(50)) {
      expected.spoil();
      found.spoil();
    }
    const int threads = random.one_in(100) ? odd_number(random) : random.one_in(20) ? random.between(2, 4) : 1;
    reference.run(pictures.inputs(), rows, columns, expected.outputs(), 1);
    network.run(pictures.inputs(), rows, columns, found.outputs(), threads);
    if (!(found == expected)) {
      throw std::logic_error(std::string(kernel.name) + " differs from portable C++ at " + std::to_string(columns) + " x " + std::to_string(rows));
    }
    tally.compared[kernel.name]++;
  }
}

/** The kind of a refusal: its words without numbers. */
std::string kind_of(const std::string& message) {
  std::string out;
  for (const char c : message) {
    if (c >= '0' && c <= '9') {
      if (out.empty() || out.back() != '#') out += '#';
    } else {
      out += c;
    }
  }
  return out.substr(0, 90);
}

int fuzz(long cases, uint64_t seed) {
  Tally tally;
  for (long index = 0; index < cases; index++) {
    Random random(seed + static_cast<uint64_t>(index));
    try {
      Plan plan = random_plan(random, {3, random.one_in(10) ? 40 : 10});
      if (random.one_in(3)) break_plan(random, plan);
      run_case(random, plan, tally);
    } catch (const std::invalid_argument& refusal) {
      tally.refused[kind_of(refusal.what())]++;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "case %ld (--seed %llu --cases 1): %s\n", index, static_cast<unsigned long long>(seed + index), error.what());
      return 1;
    }
  }
  std::printf("%ld cases from seed %llu\n", cases, static_cast<unsigned long long>(seed));
  for (const auto& [name, count] : tally.compared) std::printf("  %ld runs of %s gave the bytes of portable C++\n", count, name.c_str());
  for (const auto& [kind, count] : tally.refused) std::printf("  %ld refused: %s\n", count, kind.c_str());
  return 0;
}

}  // namespace

}  // namespace srvid

int main(int count, char** values) {
  long cases = 1000;
  uint64_t seed = 1;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::strcmp(values[i], "--cases") == 0) cases = std::atol(values[i + 1]);
    if (std::strcmp(values[i], "--seed") == 0) seed = std::strtoull(values[i + 1], nullptr, 10);
  }
  return srvid::fuzz(cases, seed);
}
