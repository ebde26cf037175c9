#pragma once

#include "kernel.h"

namespace srvid {

/** The dot-product kernels; null where one was not compiled. */
const Kernel* avx_vnni_kernel();
const Kernel* avx512_vnni_kernel();
const Kernel* neon_dot_kernel();
const Kernel* avx_vnni_emulated_kernel();
const Kernel* avx512_vnni_emulated_kernel();

}  // namespace srvid
