// The light's texels as the hot loops want them, and the sums of their gradients.
#pragma once

#include <vector>

#include "shade/shade.h"

namespace incarnate {

// Texels gather gradients from everywhere. Each of these shares of the work, whatever the number
// of threads, has sums of its own, which are added up in order.
constexpr int kTexelShares = 8;

// (count, 3) padded to (count, kTexelStride).
std::vector<float> padded_texels(const float* colors, int64_t count);

class TexelSums {
 public:
  // Holds nothing unless `wanted`.
  TexelSums(int64_t num_texels, bool wanted)
      : num_texels_(num_texels),
        sums_(wanted ? kTexelShares * num_texels * kTexelStride : 0) {}

  // Where a share adds to, or null.
  float* of(int share) {
    return sums_.empty() ? nullptr : sums_.data() + share * num_texels_ * kTexelStride;
  }

  // Writes the totals to (num_texels, 3).
  void total(float* texels) const;

 private:
  int64_t num_texels_;
  std::vector<float> sums_;
};

}  // namespace incarnate
