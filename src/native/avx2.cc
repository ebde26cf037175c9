// Compiled for AVX2 and entered only where the processor has it. Nothing of the standard library may be used here: an inline function that is
// compiled for AVX2 could become the one that the whole add-on uses.
#include "avx2-program.h"

#if defined(__AVX2__)

#include <immintrin.h>

namespace srvid {

namespace {

/** Pixels at once: with six, both kinds of sums stay in registers. */
constexpr int kPixels = 6;

inline __m256i bytes_at(const uint8_t* address) {
  int quad;
  __builtin_memcpy(&quad, address, sizeof quad);
  return _mm256_set1_epi32(quad);
}

inline void store(uint8_t* out, __m128i bytes, int channels) {
  if (channels == 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes);
  } else {
    const int quad = _mm_cvtsi128_si32(bytes);
    __builtin_memcpy(out, &quad, sizeof quad);
  }
}

/** Stores the sums of two or four pixels as bytes. In each half of a vector, the packs leave four bytes of each pixel side by side. */
inline __attribute__((always_inline)) void store_pixels(uint8_t* out, long stride, const __m256i* sums, __m256 multiplier, __m256i zeroPoint, int channels,
                                                        int pixels) {
  __m256i words[4];
#pragma GCC unroll 4
  for (int p = 0; p < pixels; p++) words[p] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[p]), multiplier));
  const __m256i first = _mm256_adds_epi16(_mm256_packs_epi32(words[0], words[1]), zeroPoint);
  const __m256i second = pixels == 2 ? first : _mm256_adds_epi16(_mm256_packs_epi32(words[2], words[3]), zeroPoint);
  const __m256i bytes = _mm256_packus_epi16(first, second);
  const __m128i low = _mm256_castsi256_si128(bytes);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  const __m128i front = _mm_unpacklo_epi32(low, high);
  store(out, front, channels);
  store(out + stride, _mm_unpackhi_epi64(front, front), channels);
  if (pixels == 2) return;
  const __m128i back = _mm_unpackhi_epi32(low, high);
  store(out + 2 * stride, back, channels);
  store(out + 3 * stride, _mm_unpackhi_epi64(back, back), channels);
}

inline void products(__m256i* out, const uint8_t* address, long stride, __m256i weights) {
  const uint8_t* far = address + 3 * stride;
  out[0] = _mm256_maddubs_epi16(bytes_at(address), weights);
  out[1] = _mm256_maddubs_epi16(bytes_at(address + stride), weights);
  out[2] = _mm256_maddubs_epi16(bytes_at(address + 2 * stride), weights);
  out[3] = _mm256_maddubs_epi16(bytes_at(far), weights);
  out[4] = _mm256_maddubs_epi16(bytes_at(far + stride), weights);
  out[5] = _mm256_maddubs_epi16(bytes_at(far + 2 * stride), weights);
}

inline void block_of_pixels(const Avx2Program& program, int index, const uint8_t* const* addresses, long x, uint8_t* out) {
  const Avx2Program::Block& block = program.blocks[index];
  const uint8_t* const* address = addresses + block.firstEntry;
  const __m256i* weights = reinterpret_cast<const __m256i*>(program.weights) + block.firstEntry;
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i bias = _mm256_load_si256(reinterpret_cast<const __m256i*>(program.bias) + index);
  __m256i sums[kPixels] = {bias, bias, bias, bias, bias, bias};
  const Avx2Program::Bin* bin = program.bins + block.firstBin;
  for (const Avx2Program::Bin* end = bin + block.bins; bin != end; bin++) {
    const long stride = bin->stride;
    const long ahead = x * stride;
    __m256i narrow[kPixels];
    products(narrow, *address++ + ahead, stride, _mm256_load_si256(weights++));
    for (int entry = bin->entries; entry > 1; entry--) {
      __m256i more[kPixels];
      products(more, *address++ + ahead, stride, _mm256_load_si256(weights++));
#pragma GCC unroll 6
      for (int p = 0; p < kPixels; p++) narrow[p] = _mm256_add_epi16(narrow[p], more[p]);
    }
#pragma GCC unroll 6
    for (int p = 0; p < kPixels; p++) sums[p] = _mm256_add_epi32(sums[p], _mm256_madd_epi16(narrow[p], ones));
  }
  const __m256 multiplier = _mm256_load_ps(program.multiplier + 8 * index);
  const __m256i zeroPoint = _mm256_set1_epi16(static_cast<short>(program.zeroPoint));
  store_pixels(out, program.outStride, sums, multiplier, zeroPoint, block.channels, 4);
  store_pixels(out + 4 * program.outStride, program.outStride, sums + 4, multiplier, zeroPoint, block.channels, 2);
}

}  // namespace

void avx2_row(const Avx2Program& program, const uint8_t** addresses, const uint8_t* const* runs, uint8_t* out, int width) noexcept {
  for (int entry = 0; entry < program.entryCount; entry++) addresses[entry] = runs[program.entries[entry].run] + program.entries[entry].offset;
  for (long x = 0; x < width; x += kPixels) {
    uint8_t* pixels = out + x * program.outStride;
    for (int block = 0; block < program.blockCount; block++) block_of_pixels(program, block, addresses, x, pixels + 8 * block);
  }
}

bool avx2_compiled() noexcept { return true; }

}  // namespace srvid

#else

namespace srvid {

void avx2_row(const Avx2Program&, const uint8_t**, const uint8_t* const*, uint8_t*, int) noexcept {}
bool avx2_compiled() noexcept { return false; }

}  // namespace srvid

#endif
