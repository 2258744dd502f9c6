#include "shade/texels.h"

#include <algorithm>

namespace incarnate {

std::vector<float> padded_texels(const float* colors, int64_t count) {
  std::vector<float> texels(count * kTexelStride);
  for (int64_t i = 0; i < count; ++i) std::copy_n(colors + 3 * i, 3, &texels[i * kTexelStride]);
  return texels;
}

void TexelSums::total(float* texels) const {
  for (int64_t i = 0; i < num_texels_; ++i) {
    for (int c = 0; c < 3; ++c) {
      float sum = 0.0f;
      for (int share = 0; share < kTexelShares; ++share)
        sum += sums_[(share * num_texels_ + i) * kTexelStride + c];
      texels[3 * i + c] = sum;
    }
  }
}

}  // namespace incarnate
