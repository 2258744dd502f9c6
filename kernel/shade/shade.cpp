#include "shade/shade.h"

#include <algorithm>

#include "shade/texels.h"
#include "simd/stages.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

constexpr int64_t kLanes = 8, kPerItem = 2048;

}  // namespace

void shade_forward(const SurfacePoints& points, LightMaps light, const Radiance& out,
                   int num_threads) {
  const std::vector<float> texels = padded_texels(light.texels, light.num_texels);
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
  const std::vector<float> colors = padded_texels(light.texels, light.num_texels);
  light.texels = colors.data();
  TexelSums sums(light.num_texels, texels != nullptr);
  const int64_t num_groups = (points.count + kLanes - 1) / kLanes;
  parallel_for(num_threads, kTexelShares, [&](int share) {
    const int64_t end = num_groups * (share + 1) / kTexelShares;
    for (int64_t group = num_groups * share / kTexelShares; group < end; ++group)
      stages().shade_backward(points, light, gradient, out, sums.of(share), group * kLanes);
  });
  if (texels) sums.total(texels);
}

}  // namespace incarnate
