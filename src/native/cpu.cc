#include "cpu.h"

#include <algorithm>
#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace srvid {

#if defined(__x86_64__)

namespace {

struct Registers {
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
  uint32_t d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers out;
  // Leaves that a processor does not have leave all of it 0.
  __get_cpuid_count(leaf, subleaf, &out.a, &out.b, &out.c, &out.d);
  return out;
}

bool bit(uint32_t word, int index) { return (word >> index & 1) != 0; }

/** The register sets that the operating system saves (XCR0). */
uint64_t saved_registers() {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool has_all(uint64_t set, uint64_t bits) { return (set & bits) == bits; }

constexpr uint64_t kYmm = 0x6;
constexpr uint64_t kZmm = 0xe6;
constexpr uint64_t kTiles = 0x60000;

/** Linux gives the tiles' 8 KiB of state to processes that ask. */
bool may_use_tiles() {
#if defined(__linux__)
  constexpr int kRequestPermission = 0x1023;
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

CpuFeatures cpu_features() {
  CpuFeatures features;
  const Registers first = cpuid(1, 0);
  if (!bit(first.c, 27) || !bit(first.c, 28)) return features;  // No XGETBV or no AVX.
  const uint64_t saved = saved_registers();
  const Registers extended = cpuid(7, 0);
  const Registers more = cpuid(7, 1);
  features.avx2 = bit(extended.b, 5) && has_all(saved, kYmm);
  features.avxVnni = features.avx2 && bit(more.a, 4);
  const bool avx512 = bit(extended.b, 16) && bit(extended.b, 17) && bit(extended.b, 30) && bit(extended.b, 31) && has_all(saved, kZmm);  // F, DQ, BW, VL
  features.avx512Vnni = avx512 && features.avx2 && bit(extended.c, 11);
  const bool amx = bit(extended.d, 24) && bit(extended.d, 25) && has_all(saved, kTiles);
  features.amxInt8 = amx && features.avx512Vnni && may_use_tiles();
  return features;
}

#elif defined(__aarch64__)

CpuFeatures cpu_features() {
  CpuFeatures features;
#if defined(__linux__)
  constexpr unsigned long kDotProduct = 1ul << 20;  // HWCAP_ASIMDDP
  features.neonDot = (getauxval(AT_HWCAP) & kDotProduct) != 0;
#elif defined(__APPLE__)
  features.neonDot = true;  // Every Mac with an Arm processor has it.
#endif
  return features;
}

#else

CpuFeatures cpu_features() { return {}; }

#endif

size_t cached_bytes() {
  long level2 = 0;
#if defined(_SC_LEVEL2_CACHE_SIZE)
  level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  constexpr long kLikely = 512 << 10;
  const long bytes = level2 > 0 ? std::clamp(level2, 256l << 10, 2048l << 10) : kLikely;
  return static_cast<size_t>(bytes) / 4 * 3;
}

}  // namespace srvid
