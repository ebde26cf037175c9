#pragma once

#include "kernel.h"

namespace srvid {

/** The kernel in plain C++. */
const Kernel& portable_kernel();

}  // namespace srvid
