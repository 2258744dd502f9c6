#include "project/project.h"

#include <algorithm>
#include <vector>

#include "constants.h"
#include "simd/stages.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

constexpr int64_t kLanes = 8, kPerItem = 1024;

int num_items(int64_t count) { return static_cast<int>((count + kPerItem - 1) / kPerItem); }

// Calls work(first, item) for every group of eight.
template <typename Work>
void for_each_group(int64_t count, int num_threads, const Work& work) {
  parallel_for(num_threads, num_items(count), [&](int item) {
    const int64_t end = std::min((item + 1) * kPerItem, count);
    for (int64_t first = item * kPerItem; first < end; first += kLanes) work(first, item);
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
  for_each_group(gaussians.count, num_threads, [&](int64_t first, int) {
    stages().project_forward(gaussians, camera, out, first);
  });
}

void project_backward(const Gaussians& gaussians, const PinholeCamera& camera,
                      const Projections& gradient, const GaussianGradients& out, int num_threads) {
  constexpr int kLaneSums = kCameraValues * kLanes;
  // One set of sums an item, added up in the items' order: the same for any number of threads.
  std::vector<float> lanes(out.camera ? num_items(gaussians.count) * kLaneSums : 0);
  for_each_group(gaussians.count, num_threads, [&](int64_t first, int item) {
    float* camera_lanes = out.camera ? lanes.data() + item * kLaneSums : nullptr;
    stages().project_backward(gaussians, camera, gradient, out, first, camera_lanes);
  });
  if (!out.camera) return;
  for (int value = 0; value < kCameraValues; ++value) {
    double sum = 0.0;
    for (size_t i = value * kLanes; i < lanes.size(); i += kLaneSums)
      for (int lane = 0; lane < kLanes; ++lane) sum += lanes[i + lane];
    out.camera[value] = static_cast<float>(sum);
  }
}

}  // namespace incarnate
