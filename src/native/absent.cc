// The rows and bare loops of kernels whose instructions the compiler does not know, or the processor's family does not have. A kernel's own file, where it
// has something to compile, defines the same functions, and the linker prefers those to weak ones.
#include "amx-program.h"
#include "avx2-program.h"
#include "dot-program.h"

namespace srvid {

[[gnu::weak]] PieceRow amx_row() noexcept { return nullptr; }
[[gnu::weak]] void amx_enter() noexcept {}
[[gnu::weak]] void amx_leave() noexcept {}
[[gnu::weak]] DotRow avx512_vnni_row() noexcept { return nullptr; }
[[gnu::weak]] DotRow avx_vnni_row() noexcept { return nullptr; }
[[gnu::weak]] DotRow neon_dot_row() noexcept { return nullptr; }
[[gnu::weak]] void avx2_row(const Avx2Program&, const uint8_t**, const uint8_t* const*, uint8_t*, int) noexcept {}
[[gnu::weak]] double amx_bare_loop(long) noexcept { return 0; }
[[gnu::weak]] double avx512_vnni_bare_loop(long) noexcept { return 0; }
[[gnu::weak]] double avx_vnni_bare_loop(long) noexcept { return 0; }
[[gnu::weak]] double neon_dot_bare_loop(long) noexcept { return 0; }
[[gnu::weak]] double avx2_bare_loop(long) noexcept { return 0; }
[[gnu::weak]] bool avx2_compiled() noexcept { return false; }

}  // namespace srvid
