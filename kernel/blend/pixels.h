// Between the caller's images, channel last, and a tile's vectors, one value after another.
#pragma once

#include "blend/blend.h"
#include "blend/tile.h"

namespace incarnate::INCARNATE_ISA {

// The strided run of one value of the block in the caller's images.
struct Channel {
  float* first;
  int64_t stride;

  Channel(const Image& image, int value)
      : first(value < image.num_features ? image.sums + value : image.depth_sum),
        stride(value < image.num_features ? image.num_features : 1) {}

  float* at(int64_t pixel) const { return first + pixel * stride; }
};

inline int64_t first_pixel(const Tile& tile, int width, int vector) {
  return static_cast<int64_t>(tile.top + row_of(vector)) * width + tile.left + column_of(vector);
}

template <int kValues>
void store_tile(const Tile& tile, int width, const ValueBlock& block, const float* sums,
                const float* transmittance, const Image& image) {
  for (int v = 0; v < kVectors; ++v) {
    const int columns = tile.columns_in(v);
    if (row_of(v) >= tile.rows || columns <= 0) continue;
    const int64_t pixel = first_pixel(tile, width, v);
    for (int k = 0; k < block.count; ++k) {
      const Channel channel(image, block.first + k);
      const float* from = sums + (v * kValues + k) * kLanes;
      for (int i = 0; i < columns; ++i) *channel.at(pixel + i) = from[i];
    }
    for (int i = 0; i < columns; ++i)
      image.transmittance[pixel + i] = __builtin_fabsf(transmittance[v * kLanes + i]);
  }
}

inline void clear_tile(const Tile& tile, int width, const ValueBlock& block, const Image& image) {
  for (int row = 0; row < tile.rows; ++row) {
    const int64_t pixel = static_cast<int64_t>(tile.top + row) * width + tile.left;
    for (int k = 0; k < block.count; ++k) {
      const Channel channel(image, block.first + k);
      for (int i = 0; i < tile.columns; ++i) *channel.at(pixel + i) = 0.0f;
    }
    for (int i = 0; i < tile.columns; ++i) image.transmittance[pixel + i] = 1.0f;
  }
}

}  // namespace incarnate::INCARNATE_ISA
