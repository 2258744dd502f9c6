// The gradient of one tile, front to back as in the forward pass.
//
// With g the image's gradient and qᵢ = vᵢ·g, dL/d ln αᵢ = wᵢ qᵢ − αᵢ restᵢ / (1 − αᵢ), where
// restᵢ = Σ_{j>i} wⱼ qⱼ + T dL/dT is what comes behind. It starts as the pixel's whole sum and
// each splat takes its own share away, so that nothing is stored from the forward pass.
#pragma once

#include "blend/blend.h"
#include "blend/pixels.h"
#include "blend/tile.h"

namespace incarnate::INCARNATE_ISA {

constexpr int kGeometryMoments = 6;

template <int kValues>
constexpr int kMomentStride = (kGeometryMoments + kValues + kLanes - 1) / kLanes * kLanes;

template <int kValues>
struct BackwardState {
  alignas(32) float transmittance[kPixels];
  alignas(32) float rest[kPixels];
  alignas(32) float gradient[kPixels * kValues];  // (vector, value, lane)
  uint32_t alive;

  BackwardState(const Tile& tile, int width, const ValueBlock& block, const Image& image,
                const Image& image_gradient)
      : alive(tile.vectors_inside()) {
    std::memset(rest, 0, sizeof rest);
    std::memset(gradient, 0, sizeof gradient);
    // Pixels outside the image count as stopped.
    for (float& pixel : transmittance) pixel = -1.0f;
    for (int v = 0; v < kVectors; ++v) {
      const int columns = tile.columns_in(v);
      if (row_of(v) >= tile.rows || columns <= 0) continue;
      const int64_t pixel = first_pixel(tile, width, v);
      float* to = rest + v * kLanes;
      for (int i = 0; i < columns; ++i) {
        transmittance[v * kLanes + i] = 1.0f;
        // One block alone answers for the transmittance.
        if (block.first == 0)
          to[i] = image_gradient.transmittance[pixel + i] * image.transmittance[pixel + i];
      }
      for (int k = 0; k < block.count; ++k) {
        const Channel sums(image, block.first + k), from(image_gradient, block.first + k);
        float* lanes = gradient + (v * kValues + k) * kLanes;
        for (int i = 0; i < columns; ++i) {
          lanes[i] = *from.at(pixel + i);
          to[i] += lanes[i] * *sums.at(pixel + i);
        }
      }
    }
  }

  // The moments of one splat over the covered vectors, to `out`.
  void collect(const Footprint& footprint, uint32_t covered, const float* values, float* out) {
    Floats total[kMomentStride<kValues>] = {};
    Floats* value_total = total + kGeometryMoments;
    for (; covered; covered &= covered - 1) {
      const int v = __builtin_ctz(covered);
      const Step step(footprint.log_alpha(v), load(transmittance + v * kLanes));
      store(transmittance + v * kLanes, step.transmittance);
      if (!bits(step.goes_on)) alive &= ~(1u << v);

      Floats q = {};
      for (int k = 0; k < kValues; ++k) {
        const Floats g = load(gradient + (v * kValues + k) * kLanes);
        q += values[k] * g;
        value_total[k] += step.weight * g;
      }
      const Floats share = step.weight * q;
      const Floats behind = load(rest + v * kLanes) - share;
      store(rest + v * kLanes, behind);
      // Alpha that was clamped no longer depends on the splat.
      const Floats slope = keep(step.unclamped <= kAlphaMax,
                                share - step.alpha * behind / (1.0f - step.alpha));
      const float dy = footprint.dy + static_cast<float>(row_of(v));
      const Floats slope_dx = slope * footprint.dx[v / kTileSize];
      const Floats slope_dy = slope * dy;
      total[0] += slope;
      total[1] += slope_dx;
      total[2] += slope_dx * footprint.dx[v / kTileSize];
      total[3] += slope_dy;
      total[4] += slope_dx * dy;
      total[5] += slope_dy * dy;
    }
    for (int i = 0; i < kMomentStride<kValues>; i += kLanes) store(out + i, sums_of_eight(total + i));
  }
};

template <int kValues>
void backward_tile(const PlanView& plan, const ValueBlock& block, const Image& image,
                   const Image& gradient, float* moments, int number) {
  constexpr int kStride = kMomentStride<kValues>;
  const Tile tile(plan, number);
  if (tile.begin == tile.end) return;
  float* out = moments + static_cast<int64_t>(tile.first_position) * kStride;
  BackwardState<kValues> state(tile, plan.width, block, image, gradient);
  Footprint footprint;
  const uint32_t* rank = tile.begin;
  for (; rank != tile.end && state.alive; ++rank, out += kStride) {
    if (rank + 8 < tile.end) __builtin_prefetch(plan.splats + rank[8]);
    const float* values = block.values + static_cast<int64_t>(*rank) * kValues;
    const uint32_t covered = footprint.place(plan.splats[*rank], tile) & state.alive;
    if (covered)
      state.collect(footprint, covered, values, out);
    else
      std::memset(out, 0, kStride * sizeof(float));
  }
  std::memset(out, 0, (tile.end - rank) * kStride * sizeof(float));
}

template <int kValues>
void sum_entries(const PlanView& plan, const float* moments, int64_t rank, float* sums) {
  constexpr int kStride = kMomentStride<kValues>;
  Floats total[kStride / kLanes] = {};
  for (uint32_t slot = plan.first_slot[rank]; slot < plan.first_slot[rank + 1]; ++slot) {
    const float* entry = moments + static_cast<int64_t>(plan.position_of[slot]) * kStride;
    for (int i = 0; i < kStride / kLanes; ++i) total[i] += load(entry + i * kLanes);
  }
  for (int i = 0; i < kStride / kLanes; ++i) store(sums + i * kLanes, total[i]);
}

}  // namespace incarnate::INCARNATE_ISA
