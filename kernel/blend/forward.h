// Front-to-back compositing of one tile.
#pragma once

#include "blend/blend.h"
#include "blend/pixels.h"
#include "blend/tile.h"

namespace incarnate::INCARNATE_ISA {

template <int kValues>
struct ForwardState {
  alignas(32) float transmittance[kPixels];
  alignas(32) float sums[kPixels * kValues];  // (vector, value, lane)
  uint32_t alive;                             // vectors with a pixel that has not stopped

  explicit ForwardState(const Tile& tile) : alive(tile.vectors_inside()) {
    for (float& pixel : transmittance) pixel = 1.0f;
    std::memset(sums, 0, sizeof sums);
  }

  // Adds one splat to kCount vectors; two at a time hide each other's latencies.
  template <int kCount>
  void add(const Footprint& footprint, const int (&vectors)[kCount], const float* values) {
    Floats weight[kCount];
    Floats log_alpha[kCount];
    for (int i = 0; i < kCount; ++i) log_alpha[i] = footprint.log_alpha(vectors[i]);
    for (int i = 0; i < kCount; ++i) {
      float* pixels = transmittance + kLanes * vectors[i];
      const Step step(log_alpha[i], load(pixels));
      store(pixels, step.transmittance);
      weight[i] = step.weight;
      if (!bits(step.goes_on)) alive &= ~(1u << vectors[i]);
    }
    for (int k = 0; k < kValues; ++k) {
      const Floats value = broadcast(values[k]);
      for (int i = 0; i < kCount; ++i) {
        float* sum = sums + (vectors[i] * kValues + k) * kLanes;
        store(sum, load(sum) + weight[i] * value);
      }
    }
  }
};

template <int kValues>
void forward_tile(const PlanView& plan, const ValueBlock& block, const Image& image, int number) {
  const Tile tile(plan, number);
  if (tile.begin == tile.end) return clear_tile(tile, plan.width, block, image);
  ForwardState<kValues> state(tile);
  Footprint footprint;
  for (const uint32_t* rank = tile.begin; rank != tile.end && state.alive; ++rank) {
    // Ranks of a tile jump through the plan, which hardware prefetchers do not follow.
    if (rank + 8 < tile.end) __builtin_prefetch(plan.splats + rank[8]);
    const float* values = block.values + static_cast<int64_t>(*rank) * kValues;
    uint32_t covered = footprint.place(plan.splats[*rank], tile) & state.alive;
    while (covered) {
      const int first = __builtin_ctz(covered);
      covered &= covered - 1;
      if (!covered) {
        state.add(footprint, {first}, values);
        break;
      }
      const int second = __builtin_ctz(covered);
      covered &= covered - 1;
      state.add(footprint, {first, second}, values);
    }
  }
  store_tile<kValues>(tile, plan.width, block, state.sums, state.transmittance, image);
}

}  // namespace incarnate::INCARNATE_ISA
