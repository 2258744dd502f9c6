// What forward and backward share: where a splat covers a tile, and its alpha there.
//
// A tile's 16×16 pixels are 32 vectors of eight; vector v is row v % 16, left half for v < 16.
#pragma once

#include "bin/plan.h"
#include "constants.h"
#include "simd/lanes.h"

namespace incarnate::INCARNATE_ISA {

constexpr int kVectors = 32;
constexpr int kPixels = kVectors * kLanes;
static_assert(kTileSize == 2 * kLanes);

inline int row_of(int vector) { return vector % kTileSize; }
inline int column_of(int vector) { return vector / kTileSize * kLanes; }

struct Tile {
  int left, top;      // first pixel
  int columns, rows;  // pixels inside the image
  const uint32_t* begin;
  const uint32_t* end;  // ranks, nearest first
  uint32_t first_position;

  Tile(const PlanView& plan, int number)
      : left(number % plan.tiles_across() * kTileSize),
        top(number / plan.tiles_across() * kTileSize),
        columns(plan.width - left < kTileSize ? plan.width - left : kTileSize),
        rows(plan.height - top < kTileSize ? plan.height - top : kTileSize),
        begin(plan.ranks + plan.tile_begin[number]),
        end(plan.ranks + plan.tile_begin[number + 1]),
        first_position(plan.tile_begin[number]) {}

  // One bit for each vector that has a pixel in the image.
  uint32_t vectors_inside() const {
    const uint32_t half = (1u << rows) - 1;
    return columns > kLanes ? half | half << kTileSize : half;
  }

  int columns_in(int vector) const {
    const int left_over = columns - column_of(vector);
    return left_over < kLanes ? left_over : kLanes;
  }
};

// One splat as seen from a tile: log2 α = level[row] − (slope·dx + shift[row])².
struct Footprint {
  alignas(32) float level[kTileSize];
  alignas(32) float shift[kTileSize];
  Floats slope;
  Floats dx[2];  // of the left and the right half's columns
  float dy;      // of the first row

  // Solves the ellipse α = 1/255 for all rows at once; returns a bit for each vector it meets.
  uint32_t place(const Splat2D& splat, const Tile& tile) {
    const float dx0 = static_cast<float>(tile.left) + 0.5f - splat.x;
    dy = static_cast<float>(tile.top) + 0.5f - splat.y;
    slope = broadcast(splat.slope);
    dx[0] = lane_numbers() + dx0;
    dx[1] = dx[0] + static_cast<float>(kLanes);
    uint32_t left = 0, right = 0;
    for (int half = 0; half < 2; ++half) {
      const Floats row_dy = lane_numbers() + (dy + static_cast<float>(half * kLanes));
      const Floats fall = splat.fall * row_dy;
      const Floats row_shift = splat.shear * row_dy;
      const Floats row_level = splat.log_opacity - fall * fall;
      store(level + half * kLanes, row_level);
      store(shift + half * kLanes, row_shift);
      // The slack keeps pixels that rounding puts on the other side; their α is tested later.
      const Floats room = row_level - (kLog2AlphaCut - 1e-3f);
      const Floats reach = sqrt(max(room, Floats{})) * splat.inverse_slope + 0.01f;
      const Floats middle = -dx0 - row_shift * splat.inverse_slope;
      const Floats from = middle - reach, to = middle + reach;
      const Ints meets = room > 0.0f;
      left |= bits(meets & (from <= 7.0f) & (to >= 0.0f)) << half * kLanes;
      right |= bits(meets & (from <= 15.0f) & (to >= 8.0f)) << half * kLanes;
    }
    return left | right << kTileSize;
  }

  // log2 α of a vector's pixels, before cut and clamp.
  Floats log_alpha(int vector) const {
    const Floats u = slope * dx[vector / kTileSize] + shift[row_of(vector)];
    return level[row_of(vector)] - u * u;
  }
};

// A pixel's transmittance is stored with its sign set once the pixel has stopped.
struct Step {
  Floats unclamped;      // 2^log2 α
  Floats alpha;          // 0 where the splat leaves the pixel alone
  Floats weight;         // α times the transmittance in front
  Floats transmittance;  // behind
  Ints goes_on;

  Step(Floats log_alpha, Floats before) {
    unclamped = exp2(log_alpha);
    alpha = keep(log_alpha >= kLog2AlphaCut, min(unclamped, broadcast(kAlphaMax)));
    weight = max(before, Floats{}) * alpha;
    const Floats behind = before - weight;
    goes_on = behind > kMinTransmittance;
    weight = keep(goes_on, weight);
    alpha = keep(goes_on, alpha);
    const Floats stopped = (Floats)((Ints)before | INT32_MIN);
    transmittance = goes_on ? behind : stopped;
  }
};

}  // namespace incarnate::INCARNATE_ISA
