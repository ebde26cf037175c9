#pragma once

#include <string>
#include <vector>

#include "kernel.h"

namespace srvid {

/**
 * Kernels that this machine can run, fastest first; "portable" and the emulated ones come last. Each was compared with portable C++ on small
 * random networks first, once a process: one that differs is left out.
 */
const std::vector<const Kernel*>& kernels();

/** The kernel of a name. Throws std::invalid_argument where it is not among `kernels()`. */
const Kernel& kernel_named(const std::string& name);

}  // namespace srvid
