#include "blend/blend.h"

#include <algorithm>
#include <vector>

#include "simd/stages.h"
#include "threads/pool.h"
#include "threads/scratch.h"

namespace incarnate {
namespace {

constexpr int kSplatsPerItem = 1024;
constexpr int kMaxMomentStride = 64;

int num_items(int64_t num_splats) {
  return static_cast<int>((num_splats + kSplatsPerItem - 1) / kSplatsPerItem);
}

// Calls work(rank) for all ranks.
template <typename Work>
void for_each_rank(const PlanView& plan, int num_threads, const Work& work) {
  parallel_for(num_threads, num_items(plan.num_splats), [&](int item) {
    const int64_t begin = static_cast<int64_t>(item) * kSplatsPerItem;
    const int64_t end = std::min(begin + kSplatsPerItem, plan.num_splats);
    for (int64_t rank = begin; rank < end; ++rank) work(rank);
  });
}

// Copies the values of one block into depth order.
const float* pack(const PlanView& plan, const ProjectedSplats& splats, const ValueBlock& block,
                  int num_threads) {
  float* const packed = scratch<struct PackedRoom, float>(plan.num_splats * block.width);
  const int num_features = std::min(block.count, splats.num_features - block.first);
  for_each_rank(plan, num_threads, [&](int64_t rank) {
    const int64_t index = plan.splats[rank].index;
    float* to = packed + rank * block.width;
    const float* from = splats.features + index * splats.num_features + block.first;
    std::copy_n(from, num_features, to);
    std::fill(to + num_features, to + block.width, 0.0f);
    if (num_features < block.count) to[num_features] = splats.depths[index];
  });
  return packed;
}

// Calls work(kernel, block) for all values in blocks of widths that there are kernels for.
template <typename Work>
void for_each_block(const PlanView& plan, const ProjectedSplats& splats, int num_threads,
                    const Work& work) {
  const int num_values = splats.num_features + 1;
  for (int first = 0; first < num_values;) {
    const BlendKernel& kernel = stages().blend_kernel(num_values - first);
    ValueBlock block{first, std::min(kernel.width, num_values - first), kernel.width, nullptr};
    block.values = pack(plan, splats, block, num_threads);
    work(kernel, block);
    first += block.count;
  }
}

// Chains a rank's moments to the projected splat: ln α = ln o − ½ a dx² − b dx dy − ½ c dy².
void add_gradients(const float* moments, const ValueBlock& block, const ProjectedSplats& splats,
                   int64_t i, const SplatGradients& into) {
  const float a = splats.conics[3 * i], b = splats.conics[3 * i + 1], c = splats.conics[3 * i + 2];
  into.opacities[i] += moments[0] / splats.opacities[i];
  into.means[2 * i] += a * moments[1] + b * moments[3];
  into.means[2 * i + 1] += b * moments[1] + c * moments[3];
  into.conics[3 * i] -= 0.5f * moments[2];
  into.conics[3 * i + 1] -= moments[4];
  into.conics[3 * i + 2] -= 0.5f * moments[5];
  for (int k = 0; k < block.count; ++k) {
    const int value = block.first + k;
    if (value < splats.num_features)
      into.features[i * splats.num_features + value] = moments[6 + k];
    else
      into.depths[i] = moments[6 + k];
  }
}

}  // namespace

void blend_forward(const PlanView& plan, const ProjectedSplats& splats, const Image& image,
                   int num_threads) {
  for_each_block(plan, splats, num_threads,
                 [&](const BlendKernel& kernel, const ValueBlock& block) {
    parallel_for(num_threads, plan.num_tiles(),
                 [&](int tile) { kernel.forward(plan, block, image, tile); });
  });
}

void blend_backward(const PlanView& plan, const ProjectedSplats& splats, const Image& image,
                    const Image& gradient, const SplatGradients& into, int num_threads) {
  for_each_block(plan, splats, num_threads,
                 [&](const BlendKernel& kernel, const ValueBlock& block) {
    float* const moments =
        scratch<struct MomentRoom, float>(plan.num_entries * kernel.moment_stride);
    parallel_for(num_threads, plan.num_tiles(), [&](int tile) {
      kernel.backward(plan, block, image, gradient, moments, tile);
    });
    for_each_rank(plan, num_threads, [&](int64_t rank) {
      float sums[kMaxMomentStride];
      kernel.sum_entries(plan, moments, rank, sums);
      add_gradients(sums, block, splats, plan.splats[rank].index, into);
    });
  });
}

}  // namespace incarnate
