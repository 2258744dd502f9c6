// The first half of binning: which splats can be seen, and how far they reach.
#pragma once

#include <cstdint>

#include "bin/plan.h"

namespace incarnate {

// One cache line with all that the second half needs, written before sorting: afterwards each
// splat costs one random access.
struct alignas(64) Candidate {
  Splat2D splat;
  float squared_reach;  // (slope·dx + shear·dy)² + (fall·dy)² stays below this
  float half_width;     // of the ellipse's bounding box, pixels
  float half_height;
  float dy_rightmost;   // where the ellipse reaches furthest right; furthest left at its negative
};

// Valid until the same thread finds candidates again.
struct Candidates {
  const Candidate* splats;
  const uint32_t* order;  // indices into `splats`, nearest first, ties by index
  int64_t count;
};

Candidates find_candidates(const ProjectedSplats& splats, int width, int height, int num_threads);

}  // namespace incarnate
