// Memory that a thread keeps from one call to the next.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace incarnate {

// Room for `count` values, with whatever the last call left in them; valid until this thread asks
// again with the same Purpose. Fresh pages cost the system more than what the kernel writes to
// them, so the largest room ever asked for is kept.
template <typename Purpose, typename T>
T* scratch(size_t count) {
  struct Delete {
    void operator()(T* values) const {
      ::operator delete[](static_cast<void*>(values), std::align_val_t{64});
    }
  };
  static thread_local std::unique_ptr<T[], Delete> values;
  static thread_local size_t capacity = 0;
  if (count > capacity) {
    values.reset();
    const size_t size = count + count / 4;
    values.reset(static_cast<T*>(::operator new[](size * sizeof(T), std::align_val_t{64})));
    capacity = size;
  }
  return values.get();
}

}  // namespace incarnate
