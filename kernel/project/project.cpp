#include "project/project.h"

#include <algorithm>

#include "constants.h"
#include "simd/stages.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

constexpr int64_t kLanes = 8, kPerItem = 1024;

// Calls work(first) for every group of eight.
template <typename Work>
void for_each_group(int64_t count, int num_threads, const Work& work) {
  const int num_items = static_cast<int>((count + kPerItem - 1) / kPerItem);
  parallel_for(num_threads, num_items, [&](int item) {
    const int64_t end = std::min((item + 1) * kPerItem, count);
    for (int64_t first = item * kPerItem; first < end; first += kLanes) work(first);
  });
}

}  // namespace

PinholeCamera::PinholeCamera(const float* view, const float* intrinsics, int width, int height) {
  const float size[2] = {static_cast<float>(width), static_cast<float>(height)};
  for (int row = 0; row < 3; ++row) {
    std::copy_n(view + 4 * row, 3, rotation[row]);
    translation[row] = view[4 * row + 3];
  }
  for (int axis = 0; axis < 2; ++axis) {
    focal[axis] = intrinsics[4 * axis];
    center[axis] = intrinsics[3 * axis + 2];
    const float margin = kFieldMargin * 0.5f * size[axis] / focal[axis];
    low[axis] = -center[axis] / focal[axis] - margin;
    high[axis] = (size[axis] - center[axis]) / focal[axis] + margin;
  }
}

void project_forward(const Gaussians& gaussians, const PinholeCamera& camera,
                     const Projections& out, int num_threads) {
  for_each_group(gaussians.count, num_threads, [&](int64_t first) {
    stages().project_forward(gaussians, camera, out, first);
  });
}

void project_backward(const Gaussians& gaussians, const PinholeCamera& camera,
                      const Projections& gradient, const GaussianGradients& out, int num_threads) {
  for_each_group(gaussians.count, num_threads, [&](int64_t first) {
    stages().project_backward(gaussians, camera, gradient, out, first);
  });
}

}  // namespace incarnate
