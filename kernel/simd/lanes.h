// Eight floats side by side, in the vector extension that GCC and Clang share.
//
// Files that include this are compiled once for each instruction set, so everything here lives in
// a namespace of that name: the linker must never let one copy stand in for the other. For the
// same reason such files use no templates of the standard library.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace incarnate::INCARNATE_ISA {

constexpr int kLanes = 8;

typedef float Floats __attribute__((vector_size(32)));
typedef int32_t Ints __attribute__((vector_size(32)));
typedef uint32_t Bits __attribute__((vector_size(32)));

inline Floats broadcast(float value) { return Floats{} + value; }

inline Floats lane_numbers() { return Floats{0, 1, 2, 3, 4, 5, 6, 7}; }

inline Floats load(const float* from) {
  Floats value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void store(float* to, Floats value) { std::memcpy(to, &value, sizeof value); }

inline Floats min(Floats a, Floats b) { return a < b ? a : b; }

inline Floats max(Floats a, Floats b) { return a > b ? a : b; }

// The value where the mask is set, else zero.
inline Floats keep(Ints mask, Floats value) { return (Floats)(mask & (Ints)value); }

inline Floats sqrt(Floats value) {
  float lanes[kLanes];
  store(lanes, value);
  for (float& lane : lanes) lane = __builtin_sqrtf(lane);
  return load(lanes);
}

// One bit for each lane of a comparison's result.
inline uint32_t bits(Ints mask) {
#if defined(__AVX__)
  return static_cast<uint32_t>(_mm256_movemask_ps((__m256)mask));
#elif defined(__SSE2__)
  __m128 halves[2];
  std::memcpy(halves, &mask, sizeof halves);
  return static_cast<uint32_t>(_mm_movemask_ps(halves[0]) | _mm_movemask_ps(halves[1]) << 4);
#else
  const Ints weighted = mask & Ints{1, 2, 4, 8, 16, 32, 64, 128};
  uint32_t sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum |= static_cast<uint32_t>(weighted[lane]);
  return sum;
#endif
}

// 2^f for f in [-½, ½]: a minimax polynomial of degree 5, relative error 1e-7.
inline Floats exp2_of_fraction(Floats f) {
  const Floats f2 = f * f;
  const Floats low = 6.931469776e-01f * f + 1.0f;
  const Floats middle = 5.550733743e-02f * f + 2.402224209e-01f;
  const Floats high = 1.326472715e-03f * f + 9.671512643e-03f;
  return (high * f2 + middle) * f2 + low;
}

// Adding 1.5·2²³ rounds a float to an integer, which then stands in the low bits of the mantissa.
constexpr float kRounder = 12582912.0f;

// 2^p where the result is a normal number.
inline Floats exp2(Floats p) {
  const Floats rounded = p + kRounder;
  const Floats fraction = exp2_of_fraction(p - (rounded - kRounder));
  return (Floats)((Bits)fraction + ((Bits)rounded << 23));
}

// e^x; beyond the range of normal numbers the nearest of them.
inline Floats exp(Floats x) {
  const Floats limited = min(max(x, broadcast(-87.0f)), broadcast(88.0f));
  const Floats rounded = limited * 1.44269504f + kRounder;
  const Floats whole = rounded - kRounder;
  // ln 2 in two parts (Cody and Waite), so that the remainder keeps its precision.
  const Floats remainder = (limited - whole * 0.693359375f) + whole * 2.12194440e-4f;
  const Floats fraction = exp2_of_fraction(remainder * 1.44269504f);
  return (Floats)((Bits)fraction + ((Bits)rounded << 23));
}

inline Ints is_finite(Floats value) { return value - value == 0.0f; }

// Reads one float of each of eight records; lanes beyond `count` repeat the last.
inline Floats gather(const float* first, int stride, int count) {
  float lanes[kLanes];
  for (int i = 0; i < kLanes; ++i) lanes[i] = first[(i < count ? i : count - 1) * stride];
  return load(lanes);
}

// Writes one float of each of `count` ≤ 8 records.
inline void scatter(float* first, int stride, int count, Floats value) {
  float lanes[kLanes];
  store(lanes, value);
  for (int i = 0; i < count; ++i) first[i * stride] = lanes[i];
}

// Lane i of the result is the sum over all lanes of the i-th of eight vectors.
inline Floats sums_of_eight(const Floats v[kLanes]) {
  Floats pairs[4], quads[2];
  for (int i = 0; i < 4; ++i) {
    pairs[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13) +
               __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 2; ++i) {
    quads[i] = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
               __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  return __builtin_shufflevector(quads[0], quads[1], 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(quads[0], quads[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

}  // namespace incarnate::INCARNATE_ISA
