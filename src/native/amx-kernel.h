#pragma once

#include "kernel.h"

namespace srvid {

/** The kernel for AMX; null where it was not compiled. */
const Kernel* amx_kernel();
/** The same with tiles in plain C++. */
const Kernel* amx_emulated_kernel();

}  // namespace srvid
