// What binning leaves for the blending of an image, forward and backward.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace incarnate {

constexpr int kTileSize = 16;

// A projected Gaussian as blending reads it. At an offset (dx, dy) in pixels from its centre,
//   log2 α = log_opacity − (slope·dx + shear·dy)² − (fall·dy)²,
// a Cholesky factor of the conic times ½ log2 e: as cheap as the conic, and thin splats keep
// their precision because nothing large cancels.
struct Splat2D {
  float slope;
  float shear;
  float fall;
  float log_opacity;
  float x;
  float y;
  float inverse_slope;
  uint32_t index;  // into the caller's arrays
};

// A splat's rank is its place in depth order. An entry is one splat in the list of one tile. A
// slot numbers the entries by rank, a position numbers them by tile.
struct PlanView {
  int64_t num_splats;
  int64_t num_entries;
  int32_t width;
  int32_t height;
  const Splat2D* splats;         // (num_splats), nearest first
  const uint32_t* first_slot;    // (num_splats + 1)
  const uint32_t* tile_begin;    // (num_tiles + 1), positions
  const uint32_t* ranks;         // (num_entries), by position
  const uint32_t* position_of;   // (num_entries), by slot

  int tiles_across() const { return (width + kTileSize - 1) / kTileSize; }
  int num_tiles() const { return tiles_across() * ((height + kTileSize - 1) / kTileSize); }
};

// A plan is one block of bytes, so that callers can keep it between forward and backward. It
// starts on a cache line, and with it every splat lies within one.
struct PlanBytes {
  static constexpr std::align_val_t kAlignment{64};
  struct Delete {
    void operator()(uint8_t* bytes) const { ::operator delete[](bytes, kAlignment); }
  };
  explicit PlanBytes(int64_t num_bytes)
      : bytes(static_cast<uint8_t*>(::operator new[](num_bytes, kAlignment))), size(num_bytes) {}

  std::unique_ptr<uint8_t[], Delete> bytes;
  int64_t size;
};

// The projected splats that a caller hands over, in any order.
struct ProjectedSplats {
  int64_t count;
  int num_features;
  const float* means;      // (count, 2) pixels
  const float* conics;     // (count, 3) px⁻²
  const float* opacities;  // (count)
  const float* depths;     // (count) metres
  const float* features;   // (count, num_features)
};

// Drops what cannot be seen or is not finite, sorts the rest by depth (ties by index) and lists
// for every tile the splats that reach one of its pixel centres with α ≥ 1/255.
PlanBytes make_plan(const ProjectedSplats& splats, int width, int height, int num_threads);

// Reads a plan that make_plan made.
// Throws std::invalid_argument if the bytes are not one.
PlanView view_plan(const uint8_t* bytes, int64_t size);

}  // namespace incarnate
