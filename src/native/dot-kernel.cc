#include "dot-kernel.h"

#include "dot-program.h"
#include "piece-conv.h"

namespace srvid {

namespace {

constexpr int kQuad = 4;

template <PieceRow (*Row)() noexcept, class Block, bool SignedBytes = false>
std::unique_ptr<RowConv> pack(const Windows& windows) {
  return pack_pieces(windows, {Block::kLanes, kQuad, SignedBytes}, Row());
}

}  // namespace

const Kernel* avx_vnni_kernel() {
  static const Kernel kernel{"avx-vnni", pack<avx_vnni_row, AvxVnniBlock>, nullptr, nullptr};
  return avx_vnni_row() ? &kernel : nullptr;
}

const Kernel* avx512_vnni_kernel() {
  static const Kernel kernel{"avx512-vnni", pack<avx512_vnni_row, Avx512VnniBlock>, nullptr, nullptr};
  return avx512_vnni_row() ? &kernel : nullptr;
}

const Kernel* neon_dot_kernel() {
  static const Kernel kernel{"neon-dot", pack<neon_dot_row, NeonDotBlock, true>, nullptr, nullptr};
  return neon_dot_row() ? &kernel : nullptr;
}

const Kernel* avx_vnni_emulated_kernel() {
  static const Kernel kernel{"avx-vnni-emulated", pack<avx_vnni_emulated_row, AvxVnniBlock>, nullptr, nullptr};
  return &kernel;
}

const Kernel* avx512_vnni_emulated_kernel() {
  static const Kernel kernel{"avx512-vnni-emulated", pack<avx512_vnni_emulated_row, Avx512VnniBlock>, nullptr, nullptr};
  return &kernel;
}

}  // namespace srvid
