#include "peak.h"

#include <algorithm>
#include <chrono>

namespace srvid {

namespace {

constexpr int kSpells = 20;
constexpr double kSpellSeconds = 0.001;

struct Spell {
  double products;
  double seconds;
};

Spell timed(const Kernel& kernel, long rounds) {
  const auto start = std::chrono::steady_clock::now();
  const double products = kernel.bareLoop(rounds);
  return {products, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
}

}  // namespace

double peak_gmac_per_second(const Kernel& kernel) noexcept {
  if (!kernel.bareLoop) return 0;
  if (kernel.enter) kernel.enter();
  long rounds = 1000;
  while (timed(kernel, rounds).seconds < kSpellSeconds) rounds *= 2;
  double best = 0;
  for (int count = 0; count < kSpells; count++) {
    const Spell spell = timed(kernel, rounds);
    best = std::max(best, spell.products / spell.seconds / 1e9);
  }
  if (kernel.leave) kernel.leave();
  return best;
}

}  // namespace srvid
