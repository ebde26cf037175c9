#include "kernels.h"

#include <stdexcept>

#include "amx-kernel.h"
#include "avx2-kernel.h"
#include "cpu.h"
#include "dot-kernel.h"
#include "portable.h"
#include "self-check.h"

namespace srvid {

namespace {

std::vector<const Kernel*> find() {
  std::vector<const Kernel*> found;
  const auto add = [&](bool has, const Kernel* kernel) {
    if (has && kernel && agrees_with_portable(*kernel)) found.push_back(kernel);
  };
  const CpuFeatures cpu = cpu_features();
  add(cpu.amxInt8, amx_kernel());
  add(cpu.avx512Vnni, avx512_vnni_kernel());
  add(cpu.avxVnni, avx_vnni_kernel());
  add(cpu.avx2, avx2_kernel());
  add(cpu.neonDot, neon_dot_kernel());
  found.push_back(&portable_kernel());
  // Slow; for tests. They are compared there.
  for (const Kernel* emulated : {amx_emulated_kernel(), avx512_vnni_emulated_kernel(), avx_vnni_emulated_kernel()}) found.push_back(emulated);
  return found;
}

}  // namespace

const std::vector<const Kernel*>& kernels() {
  static const std::vector<const Kernel*> all = find();
  return all;
}

const Kernel& kernel_named(const std::string& name) {
  std::string names;
  for (const Kernel* kernel : kernels()) {
    if (kernel->name == name) return *kernel;
    names += (names.empty() ? "" : ", ") + std::string(kernel->name);
  }
  throw std::invalid_argument("kernel \"" + name + "\" cannot run here; these can: " + names);
}

}  // namespace srvid
