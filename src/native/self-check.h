#pragma once

#include "kernel.h"

namespace srvid {

/**
 * True where a kernel gives the same bytes as portable C++ on a few small random networks, which takes milliseconds. It guards against
 * processors and compilers on which a kernel could not be tried. False, too, where memory is short.
 */
bool agrees_with_portable(const Kernel& kernel) noexcept;

}  // namespace srvid
