// Compositing of a plan's splats, forward and backward, one tile at a time.
#pragma once

#include "bin/plan.h"

namespace incarnate {

// The caller's arrays; "values" are the features followed by the depth.
struct Image {
  int num_features;
  float* sums;           // (height, width, num_features)
  float* depth_sum;      // (height, width)
  float* transmittance;  // (height, width)
};

// Some of the values of all ranks, packed so that a tile reads them in the order of its list.
struct ValueBlock {
  int first;            // of the block's values among all values
  int count;            // real values in the block
  int width;            // values a rank takes, ≥ count; the rest is zero
  const float* values;  // (num_splats, width)
};

// Composites one tile. Blocks after the first repeat the work on other values.
using ForwardTile = void (*)(const PlanView&, const ValueBlock&, const Image&, int tile);

// Follows a tile front to back again and writes `moment_stride` numbers for each of its entries
// to `moments`, (num_entries, moment_stride) by position: the sums over pixels of v, v·dx, v·dx²,
// v·dy, v·dx·dy, v·dy² with v = dL/d ln α, then dL/d value.
using BackwardTile = void (*)(const PlanView&, const ValueBlock&, const Image& image,
                              const Image& gradient, float* moments, int tile);

// Adds a rank's entries in the order of their slots into `sums`, (moment_stride).
using SumEntries = void (*)(const PlanView&, const float* moments, int64_t rank, float* sums);

struct BlendKernel {
  int width;  // of the value blocks it takes
  int moment_stride;
  ForwardTile forward;
  BackwardTile backward;
  SumEntries sum_entries;
};

struct SplatGradients {
  float* means;
  float* conics;
  float* opacities;
  float* depths;
  float* features;
};

void blend_forward(const PlanView& plan, const ProjectedSplats& splats, const Image& image,
                   int num_threads);

// `gradient` holds dL/d of what `image` holds; adds into `into`, which starts as zero.
void blend_backward(const PlanView& plan, const ProjectedSplats& splats, const Image& image,
                    const Image& gradient, const SplatGradients& into, int num_threads);

}  // namespace incarnate
