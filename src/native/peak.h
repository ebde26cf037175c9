#pragma once

#include "kernel.h"

namespace srvid {

/**
 * Multiplications of bytes that one core does at most by a kernel's instructions, in 10^9 a second; 0 where the kernel has no bare loop. The best
 * of a few spells of a millisecond, since other load only makes them slower.
 */
double peak_gmac_per_second(const Kernel& kernel) noexcept;

}  // namespace srvid
