#include "simd/stages.h"

#include <cstdlib>
#include <cstring>

namespace incarnate {
namespace {

const Stages& choose() {
#if defined(INCARNATE_HAS_V3)
  const char* wanted = std::getenv("INCARNATE_INSTRUCTION_SET");
  const bool only_baseline = wanted != nullptr && std::strcmp(wanted, "baseline") == 0;
  if (!only_baseline && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2"))
    return v3::stages;
#endif
  return baseline::stages;
}

}  // namespace

const Stages& stages() {
  static const Stages& chosen = choose();
  return chosen;
}

}  // namespace incarnate
