#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace srvid {

/** An array of plain values, zeros at first, that begins on a cache line: kernels load whole vectors from it. */
template <class T>
class Aligned {
 public:
  explicit Aligned(size_t length) : memory_(static_cast<T*>(std::aligned_alloc(kLine, bytes_for(length)))) {
    if (!memory_) throw std::bad_alloc();
    for (size_t i = 0; i < bytes_for(length) / sizeof(T); i++) memory_.get()[i] = T{};
  }
  T* data() noexcept { return memory_.get(); }
  const T* data() const noexcept { return memory_.get(); }
  T& operator[](size_t index) noexcept { return memory_.get()[index]; }

 private:
  static constexpr size_t kLine = 64;
  static size_t bytes_for(size_t length) { return (length * sizeof(T) / kLine + 1) * kLine; }
  struct Free {
    void operator()(T* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<T, Free> memory_;
};

}  // namespace srvid
