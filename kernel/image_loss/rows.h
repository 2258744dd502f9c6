// The rows of image_loss.h, eight floats at a time.
#pragma once

#include "image_loss/image_loss.h"
#include "simd/lanes.h"

namespace incarnate::INCARNATE_ISA {

constexpr float kSsimWeights[kSsimWindow] = {
    0.001028380f, 0.007598758f, 0.036000772f, 0.109360690f, 0.213005538f, 0.266011725f,
    0.213005538f, 0.109360690f, 0.036000772f, 0.007598758f, 0.001028380f};
constexpr float kLuminanceFloor = 0.01f * 0.01f;
constexpr float kContrastFloor = 0.03f * 0.03f;
// Variances are differences of squares: about the middle of the range these are smallest.
constexpr float kMiddle = 0.5f;

inline int lanes_left(int first, int count) { return count - first < kLanes ? count - first : kLanes; }

inline Floats load_some(const float* from, int count) {
  if (count >= kLanes) return load(from);
  Floats value = {};
  std::memcpy(&value, from, count * sizeof(float));
  return value;
}

inline void store_some(float* to, int count, Floats value) {
  std::memcpy(to, &value, (count < kLanes ? count : kLanes) * sizeof(float));
}

// out[i] = Σ_k weight[k] · in[i + 3k]
inline void blur_along(const float* in, float* out, int count) {
  for (int i = 0; i < count; i += kLanes) {
    Floats sum = kSsimWeights[kSsimWindow / 2] * load(in + i + kSsimReach / 2);
    for (int k = 0; k < kSsimWindow / 2; ++k)
      sum += kSsimWeights[k] * (load(in + i + kColors * k) + load(in + i + kSsimReach - kColors * k));
    store(out + i, sum);
  }
}

// The means of x, y, x² + y² and x·y down the columns of eleven rows.
inline void blur_down(const PicturePair& pair, int row, float* const (&out)[4]) {
  const int length = pair.row_length();
  for (int i = 0; i < length; i += kLanes) {
    const int count = lanes_left(i, length);
    Floats sums[4] = {};
    for (int k = 0; k < kSsimWindow; ++k) {
      const int64_t at = static_cast<int64_t>(row + k) * length + i;
      const Floats x = load_some(pair.image + at, count) - kMiddle;
      const Floats y = load_some(pair.target + at, count) - kMiddle;
      const Floats weighted_x = kSsimWeights[k] * x, weighted_y = kSsimWeights[k] * y;
      sums[0] += weighted_x;
      sums[1] += weighted_y;
      sums[2] += weighted_x * x + weighted_y * y;
      sums[3] += weighted_x * y;
    }
    for (int m = 0; m < 4; ++m) store(out[m] + i, sums[m]);
  }
}

inline double ssim_row(const PicturePair& pair, int row, float* scratch, float* spread) {
  const int64_t stride = pair.row_length() + kSsimMargin;
  float *down[4], *means[4], *derivatives[3];
  for (int m = 0; m < 4; ++m) {
    down[m] = scratch + m * stride;
    means[m] = scratch + (4 + m) * stride;
  }
  for (int m = 0; m < 3; ++m) {
    derivatives[m] = scratch + (8 + m) * stride;
    std::memset(derivatives[m], 0, stride * sizeof(float));
  }
  blur_down(pair, row, down);
  const int count = pair.window_length();
  for (int m = 0; m < 4; ++m) blur_along(down[m], means[m], count);

  double total = 0.0;
  for (int i = 0; i < count; i += kLanes) {
    const Floats x = load(means[0] + i), y = load(means[1] + i);
    const Floats squares = x * x + y * y;
    const Floats bright_x = x + kMiddle, bright_y = y + kMiddle;
    const Floats bright = 1.0f / (bright_x * bright_x + bright_y * bright_y + kLuminanceFloor);
    const Floats luminance = (2.0f * bright_x * bright_y + kLuminanceFloor) * bright;
    const Floats spreadness = 1.0f / (load(means[2] + i) - squares + kContrastFloor);
    const Floats contrast = (2.0f * (load(means[3] + i) - x * y) + kContrastFloor) * spreadness;
    const Ints inside = lane_numbers() < static_cast<float>(count - i);
    const Floats similarity = keep(inside, luminance * contrast);
    for (int lane = 0; lane < kLanes; ++lane) total += similarity[lane];
    if (spread == nullptr) continue;
    const Floats by_x = contrast * (bright_y - bright_x * luminance) * bright +
                        luminance * (x * contrast - y) * spreadness;
    float* const windows = derivatives[0] + kSsimReach + i;
    store(windows, keep(inside, 2.0f * by_x));
    store(windows + stride, keep(inside, -similarity * spreadness));
    store(windows + 2 * stride, keep(inside, 2.0f * luminance * spreadness));
  }
  // A pixel's windows begin up to ten pixels before it: the same blur, read from there.
  if (spread != nullptr) {
    for (int m = 0; m < 3; ++m) {
      blur_along(derivatives[m], down[m], pair.row_length());
      std::memcpy(spread + static_cast<int64_t>(m) * pair.row_length(), down[m],
                  pair.row_length() * sizeof(float));
    }
  }
  return total;
}

inline void ssim_gradient_row(const PicturePair& pair, int row, const float* spread,
                              float* gradient) {
  const int length = pair.row_length();
  const int first = row < kSsimWindow - 1 ? 0 : row - (kSsimWindow - 1);
  const int last = row < pair.window_rows() ? row : pair.window_rows() - 1;
  for (int i = 0; i < length; i += kLanes) {
    const int count = lanes_left(i, length);
    Floats sums[3] = {};
    for (int window = first; window <= last; ++window) {
      const float* from = spread + static_cast<int64_t>(window) * 3 * length + i;
      for (int m = 0; m < 3; ++m)
        sums[m] += kSsimWeights[row - window] * load_some(from + static_cast<int64_t>(m) * length, count);
    }
    const int64_t at = static_cast<int64_t>(row) * length + i;
    const Floats x = load_some(pair.image + at, count) - kMiddle;
    const Floats y = load_some(pair.target + at, count) - kMiddle;
    store_some(gradient + i, count, sums[0] + 2.0f * x * sums[1] + y * sums[2]);
  }
}

inline double l1_row(const PicturePair& pair, int row) {
  const int length = pair.row_length();
  Floats sum = {};
  for (int i = 0; i < length; i += kLanes) {
    const int count = lanes_left(i, length);
    const int64_t at = static_cast<int64_t>(row) * length + i;
    const Floats difference = load_some(pair.image + at, count) - load_some(pair.target + at, count);
    sum += max(difference, -difference);
  }
  double total = 0.0;
  for (int lane = 0; lane < kLanes; ++lane) total += sum[lane];
  return total;
}

inline void loss_gradient_row(const PicturePair& pair, const float* ssim_gradient,
                              const float weights[2], int row, float* gradient) {
  const int length = pair.row_length();
  for (int i = 0; i < length; i += kLanes) {
    const int count = lanes_left(i, length);
    const int64_t at = static_cast<int64_t>(row) * length + i;
    const Floats x = load_some(pair.image + at, count), y = load_some(pair.target + at, count);
    const Floats sign = keep(x > y, broadcast(weights[0])) - keep(x < y, broadcast(weights[0]));
    store_some(gradient + at, count, sign + weights[1] * load_some(ssim_gradient + at, count));
  }
}

}  // namespace incarnate::INCARNATE_ISA
