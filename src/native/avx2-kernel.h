#pragma once

#include "kernel.h"

namespace srvid {

/** The kernel for AVX2; null where it was not compiled. */
const Kernel* avx2_kernel();

}  // namespace srvid
