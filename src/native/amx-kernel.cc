#include "amx-kernel.h"

#include "amx-program.h"
#include "piece-conv.h"

namespace srvid {

namespace {

template <PieceRow (*Row)() noexcept>
std::unique_ptr<RowConv> pack(const Windows& windows) {
  return pack_pieces(windows, {kAmxGroup, kAmxChunk}, Row());
}

}  // namespace

const Kernel* amx_kernel() {
  static const Kernel kernel{"amx", RowOrder::kPixels, pack<amx_row>, amx_enter, amx_leave, amx_bare_loop};
  return amx_row() ? &kernel : nullptr;
}

const Kernel* amx_emulated_kernel() {
  static const Kernel kernel{"amx-emulated", RowOrder::kPixels, pack<amx_emulated_row>, nullptr, nullptr, nullptr};
  return &kernel;
}

}  // namespace srvid
