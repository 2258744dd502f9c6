// Reads of octahedral maps, eight directions at a time, and their gradient.
#pragma once

#include "shade/shade.h"
#include "simd/lanes.h"

namespace incarnate::INCARNATE_ISA {

typedef float Color __attribute__((vector_size(16)));

inline Color load_color(const float* from) {
  Color value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void add_color(float* to, Color more) {
  const Color sum = load_color(to) + more;
  std::memcpy(to, &sum, sizeof sum);
}

inline float sum_of(Color c) { return c[0] + c[1] + c[2]; }

inline Floats absolute(Floats x) { return (Floats)((Ints)x & INT32_MAX); }

// ±1 by the sign bit.
inline Floats sign_bit(Floats x) {
  return (Floats)(((Ints)x & INT32_MIN) | (Ints)broadcast(1.0f));
}

// The derivative of |x|, zero at zero.
inline Floats slope_of_absolute(Floats x) { return keep(x != 0.0f, sign_bit(x)); }

// Where eight directions fall on the unit square.
struct SquarePoint {
  Floats inverse_size;
  Floats x, z;            // divided by the L1 norm
  Floats sign_x, sign_z;  // ±1
  Floats slope[3];        // of |x|, |y|, |z|
  Ints below;
  Floats square[2];

  SquarePoint(const Floats (&world)[3], const LightMaps& light) {
    const Floats local_x = world[0] * light.cosine - world[2] * light.sine;
    const Floats local_z = world[0] * light.sine + world[2] * light.cosine;
    const Floats size = absolute(local_x) + absolute(world[1]) + absolute(local_z);
    inverse_size = 1.0f / max(size, broadcast(1e-20f));
    x = local_x * inverse_size;
    z = local_z * inverse_size;
    sign_x = sign_bit(x);
    sign_z = sign_bit(z);
    slope[0] = slope_of_absolute(local_x);
    slope[1] = slope_of_absolute(world[1]);
    slope[2] = slope_of_absolute(local_z);
    below = world[1] < 0.0f;
    square[0] = below ? sign_x * (1.0f - absolute(z)) : x;
    square[1] = below ? sign_z * (1.0f - absolute(x)) : z;
  }

  // Adds to dL/d direction from dL/d square.
  void add_gradient(const Floats (&g_square)[2], const LightMaps& light, Floats (&g)[3]) const {
    const Floats g_x = below ? -g_square[1] * sign_z * slope[0] : g_square[0];
    const Floats g_z = below ? -g_square[0] * sign_x * slope[2] : g_square[1];
    const Floats g_size = -(g_x * x + g_z * z) * inverse_size;
    const Floats local_x = g_x * inverse_size + g_size * slope[0];
    const Floats local_z = g_z * inverse_size + g_size * slope[2];
    g[0] += local_x * light.cosine + local_z * light.sine;
    g[1] += g_size * slope[1];
    g[2] += local_z * light.cosine - local_x * light.sine;
  }
};

// Four texels and their weights, for each of eight points: `first` is the one nearest the middle
// of the map, `along` and `down` lead outward from it. In a cell that a side of the diamond cuts,
// the outer weight is linear on both sides of the cut, else bilinear.
struct Taps {
  int32_t first[kLanes], along[kLanes], down[kLanes];
  Floats weight[4];
  Floats outer_slope[2];  // of the outer weight, along and down
  Floats square_slope[2];  // of the place in the cell, by the point on the square

  // `map` is the number of a map for each lane.
  Taps(const SquarePoint& point, const LightMaps& light, const Ints& map) {
    Floats part[2], half, corner[2];
    for (int i = 0; i < kLanes; ++i) half[i] = 0.5f * static_cast<float>(light.sides[map[i]]);
    for (int axis = 0; axis < 2; ++axis) {
      const Floats position = absolute(point.square[axis]) * half;
      square_slope[axis] = half * slope_of_absolute(point.square[axis]);
      // What is no number becomes zero here, and shows again in the part.
      const Floats place = min(max(position, Floats{}), half - 1.0f);
      for (int i = 0; i < kLanes; ++i)
        corner[axis][i] = static_cast<float>(static_cast<int32_t>(place[i]));
      part[axis] = position - corner[axis];
    }
    for (int i = 0; i < kLanes; ++i) {
      const int32_t stride = light.sides[map[i]] + 1;
      along[i] = point.square[0][i] < 0.0f ? -1 : 1;
      down[i] = point.square[1][i] < 0.0f ? -stride : stride;
      first[i] = light.offsets[map[i]] + light.sides[map[i]] / 2 * (stride + 1) +
                 static_cast<int32_t>(corner[0][i]) * along[i] +
                 static_cast<int32_t>(corner[1][i]) * down[i];
    }
    const Ints is_cut = corner[0] + corner[1] + 1.0f == half;
    const Floats beyond = part[0] + part[1] - 1.0f;
    const Floats outside = keep(beyond >= 0.0f, broadcast(1.0f));
    const Floats outer = is_cut ? outside * beyond : part[0] * part[1];
    weight[0] = outer - beyond;
    weight[1] = part[0] - outer;
    weight[2] = part[1] - outer;
    weight[3] = outer;
    for (int axis = 0; axis < 2; ++axis) outer_slope[axis] = is_cut ? outside : part[1 - axis];
  }

  // The colours read, (3, lane).
  void read(const float* texels, Floats (&colors)[3]) const {
    for (int i = 0; i < kLanes; ++i) {
      const Corners at(*this, i);
      Color color = {};
      for (int k = 0; k < 4; ++k) color += weight[k][i] * load_color(texels + at.texel[k]);
      for (int c = 0; c < 3; ++c) colors[c][i] = color[c];
    }
  }

  // Adds dL/d texels where these are wanted; dL/d square goes to `g_square`.
  void backward(const float* texels, const Floats (&g_colors)[3], int count, float* g_texels,
                Floats (&g_square)[2]) const {
    Floats g_part[2] = {};
    for (int i = 0; i < count; ++i) {
      const Corners at(*this, i);
      const Color g = {g_colors[0][i], g_colors[1][i], g_colors[2][i], 0.0f};
      float by_weight[4];
      for (int k = 0; k < 4; ++k) {
        by_weight[k] = sum_of(g * load_color(texels + at.texel[k]));
        if (g_texels != nullptr) add_color(g_texels + at.texel[k], g * weight[k][i]);
      }
      const float by_outer = by_weight[0] - by_weight[1] - by_weight[2] + by_weight[3];
      for (int axis = 0; axis < 2; ++axis)
        g_part[axis][i] = by_weight[1 + axis] - by_weight[0] + by_outer * outer_slope[axis][i];
    }
    for (int axis = 0; axis < 2; ++axis) g_square[axis] = g_part[axis] * square_slope[axis];
  }

 private:
  // Where the four texels of a lane begin.
  struct Corners {
    int64_t texel[4];

    Corners(const Taps& taps, int lane) {
      const int64_t first = taps.first[lane];
      const int64_t along = taps.along[lane], down = taps.down[lane];
      const int64_t numbers[4] = {first, first + along, first + down, first + along + down};
      for (int k = 0; k < 4; ++k) texel[k] = numbers[k] * kTexelStride;
    }
  };
};

}  // namespace incarnate::INCARNATE_ISA
