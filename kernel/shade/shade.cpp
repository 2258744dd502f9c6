#include "shade/shade.h"

#include <algorithm>
#include <vector>

#include "simd/stages.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

constexpr int64_t kLanes = 8, kPerItem = 2048;
// Texels gather gradients from everywhere. Each of these shares of the points, whatever the
// number of threads, has sums of its own, which are added up in order.
constexpr int kShares = 8;

std::vector<float> padded(const float* colors, int64_t count) {
  std::vector<float> texels(count * kTexelStride);
  for (int64_t i = 0; i < count; ++i) std::copy_n(colors + 3 * i, 3, &texels[i * kTexelStride]);
  return texels;
}

}  // namespace

void shade_forward(const SurfacePoints& points, LightMaps light, const Radiance& out,
                   int num_threads) {
  const std::vector<float> texels = padded(light.texels, light.num_texels);
  light.texels = texels.data();
  const int num_items = static_cast<int>((points.count + kPerItem - 1) / kPerItem);
  parallel_for(num_threads, num_items, [&](int item) {
    const int64_t end = std::min((item + 1) * kPerItem, points.count);
    for (int64_t first = item * kPerItem; first < end; first += kLanes)
      stages().shade_forward(points, light, out, first);
  });
}

void shade_backward(const SurfacePoints& points, LightMaps light, const Radiance& gradient,
                    const SurfaceGradients& out, float* texels, int num_threads) {
  const std::vector<float> colors = padded(light.texels, light.num_texels);
  light.texels = colors.data();
  const int64_t num_sums = light.num_texels * kTexelStride;
  std::vector<float> sums(texels ? kShares * num_sums : 0);
  const int64_t num_groups = (points.count + kLanes - 1) / kLanes;
  parallel_for(num_threads, kShares, [&](int share) {
    float* into = texels ? sums.data() + share * num_sums : nullptr;
    for (int64_t group = num_groups * share / kShares; group < num_groups * (share + 1) / kShares;
         ++group)
      stages().shade_backward(points, light, gradient, out, into, group * kLanes);
  });
  if (!texels) return;
  for (int64_t i = 0; i < light.num_texels; ++i) {
    for (int c = 0; c < 3; ++c) {
      float sum = 0.0f;
      for (int share = 0; share < kShares; ++share)
        sum += sums[share * num_sums + i * kTexelStride + c];
      texels[3 * i + c] = sum;
    }
  }
}

}  // namespace incarnate
