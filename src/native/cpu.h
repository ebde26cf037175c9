#pragma once

#include <cstddef>

namespace srvid {

/** Instructions that the processor has and the operating system lets programs use. */
struct CpuFeatures {
  bool avx2 = false;
  bool avxVnni = false;
  bool avx512Vnni = false;
  /** AMX with int8, for which this process has been given leave. */
  bool amxInt8 = false;
  /** Arm's dot product of bytes. */
  bool neonDot = false;
};

/** The features of this machine, found anew at each call. Asks Linux for leave to use AMX's registers where they are there. */
CpuFeatures cpu_features();

/** Bytes of rows that stay in a core's L2 cache beside weights and pictures; a likely number where the system does not say how large that is. */
size_t cached_bytes();

}  // namespace srvid
