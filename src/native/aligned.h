#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace srvid {

/** An array of plain values, zeros at first, that begins on a cache line: kernels load whole vectors from it. */
template <class T>
class Aligned {
 public:
  explicit Aligned(size_t length) : memory_(static_cast<T*>(std::aligned_alloc(kLine, bytes_for(length)))) {
    if (!memory_) throw std::bad_alloc();
    std::memset(static_cast<void*>(memory_.get()), 0, bytes_for(length));
  }
  T* data() noexcept { return memory_.get(); }
  const T* data() const noexcept { return memory_.get(); }
  T& operator[](size_t index) noexcept { return memory_.get()[index]; }

 private:
  static constexpr size_t kLine = 64;
  static size_t bytes_for(size_t length) {
    if (length > (SIZE_MAX / 2) / sizeof(T)) throw std::bad_alloc();
    return length == 0 ? kLine : (length * sizeof(T) + kLine - 1) / kLine * kLine;
  }
  struct Free {
    void operator()(T* memory) const noexcept { std::free(memory); }
  };
  std::unique_ptr<T, Free> memory_;
};

}  // namespace srvid
