// Compiled for AVX2 and entered only where the processor has it. Nothing of the standard library may be used here: an inline function that is
// compiled for AVX2 could become the one that the whole add-on uses.
#include "avx2-program.h"

#if defined(__AVX2__)

#include <immintrin.h>

#include "avx2-store.h"

namespace srvid {

namespace {

/** Pixels at once: with six, both kinds of sums stay in registers. */
constexpr int kPixels = 6;

inline __m256i bytes_at(const uint8_t* address) {
  int quad;
  __builtin_memcpy(&quad, address, sizeof quad);
  return _mm256_set1_epi32(quad);
}

/** Adds in place: left to itself the compiler moves every sum to another register and back, which costs a quarter of the loop's slots. */
inline void add_words(__m256i& sum, __m256i words) { __asm__("vpaddw %1, %0, %0" : "+x"(sum) : "x"(words)); }

inline __m256i product(const uint8_t* address, __m256i weights) { return _mm256_maddubs_epi16(bytes_at(address), weights); }

/** The layout that a block of pixels moves through. */
struct Cursor {
  const uint8_t* const* address;
  const __m256i* weights;
};

template <int Entries>
inline __attribute__((always_inline)) void add_bins(__m256i (&sums)[kPixels], Cursor& at, const Avx2Program::Group& group, long x) {
  const __m256i ones = _mm256_set1_epi16(1);
  const long stride = group.stride;
  const long ahead = x * stride;
  for (int bin = group.bins; bin > 0; bin--, at.address += Entries, at.weights += Entries) {
    __m256i narrow[kPixels];
#pragma GCC unroll 6
    for (int p = 0; p < kPixels; p++) narrow[p] = product(at.address[0] + ahead + p * stride, _mm256_load_si256(at.weights));
#pragma GCC unroll 8
    for (int entry = 1; entry < Entries; entry++) {
      const uint8_t* address = at.address[entry] + ahead;
      const __m256i weights = _mm256_load_si256(at.weights + entry);
#pragma GCC unroll 6
      for (int p = 0; p < kPixels; p++) add_words(narrow[p], product(address + p * stride, weights));
    }
#pragma GCC unroll 6
    for (int p = 0; p < kPixels; p++) sums[p] = _mm256_add_epi32(sums[p], _mm256_madd_epi16(narrow[p], ones));
  }
}

inline void block_of_pixels(const Avx2Program& program, int index, const uint8_t* const* addresses, long x, uint8_t* out) {
  const Avx2Program::Block& block = program.blocks[index];
  Cursor at{addresses + block.firstEntry, reinterpret_cast<const __m256i*>(program.weights) + block.firstEntry};
  const __m256i bias = _mm256_load_si256(reinterpret_cast<const __m256i*>(program.bias) + index);
  __m256i sums[kPixels] = {bias, bias, bias, bias, bias, bias};
  const Avx2Program::Group* group = program.groups + block.firstGroup;
  for (const Avx2Program::Group* end = group + block.groups; group != end; group++) {
    switch (group->entries) {
      case 1: add_bins<1>(sums, at, *group, x); break;
      case 2: add_bins<2>(sums, at, *group, x); break;
      case 3: add_bins<3>(sums, at, *group, x); break;
      case 4: add_bins<4>(sums, at, *group, x); break;
      case 5: add_bins<5>(sums, at, *group, x); break;
      case 6: add_bins<6>(sums, at, *group, x); break;
      case 7: add_bins<7>(sums, at, *group, x); break;
      default: add_bins<kMostEntries>(sums, at, *group, x); break;
    }
  }
  store_six(out, program.outStride, sums, program.multiplier + 8 * index, program.zeroPoint, block.channels);
}

}  // namespace

void avx2_row(const Avx2Program& program, const uint8_t** addresses, const uint8_t* const* runs, uint8_t* out, int width) noexcept {
  for (int entry = 0; entry < program.entryCount; entry++) addresses[entry] = runs[program.entries[entry].run] + program.entries[entry].offset;
  for (long x = 0; x < width; x += kPixels) {
    uint8_t* pixels = out + x * program.outStride;
    for (int block = 0; block < program.blockCount; block++) block_of_pixels(program, block, addresses, x, pixels + 8 * block);
  }
}

double avx2_bare_loop(long rounds) noexcept {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i bytes = _mm256_setzero_si256();
  __m256i sums[kPixels] = {bytes, bytes, bytes, bytes, bytes, bytes};
  for (long round = 0; round < rounds; round++) {
    __m256i narrow[kPixels] = {bytes, bytes, bytes, bytes, bytes, bytes};
#pragma GCC unroll 8
    for (int entry = 0; entry < kMostEntries; entry++) {
#pragma GCC unroll 6
      for (int p = 0; p < kPixels; p++) {
        // The compiler may not know that all products are alike.
        __asm__("" : "+x"(bytes));
        add_words(narrow[p], _mm256_maddubs_epi16(bytes, bytes));
      }
    }
#pragma GCC unroll 6
    for (int p = 0; p < kPixels; p++) sums[p] = _mm256_add_epi32(sums[p], _mm256_madd_epi16(narrow[p], ones));
  }
#pragma GCC unroll 6
  for (int p = 0; p < kPixels; p++) __asm__ volatile("" : : "x"(sums[p]));
  return static_cast<double>(rounds) * kPixels * kMostEntries * 32;
}

bool avx2_compiled() noexcept { return true; }

}  // namespace srvid

#endif
