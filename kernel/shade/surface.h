// Eight surface points and the light that they send to the camera.
#pragma once

#include "shade/octahedral.h"

namespace incarnate::INCARNATE_ISA {

inline Floats clamp01(Floats x) { return min(max(x, Floats{}), broadcast(1.0f)); }

inline Ints within01(Floats x) { return (x >= 0.0f) & (x <= 1.0f); }

inline Floats dot(const Floats (&a)[3], const Floats (&b)[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

// Log base 2 of positive numbers.
inline Floats log2(Floats x) {
  for (int i = 0; i < kLanes; ++i) x[i] = __builtin_log2f(x[i]);
  return x;
}

// The split-sum table between its four neighbours: scale and bias of F0, and their slopes.
struct TableRead {
  Floats value[2];
  Floats by_n_dot_v[2];
  Floats by_roughness[2];

  TableRead(const float* table, Floats n_dot_v, Floats roughness) {
    constexpr float kLast = kTableSize - 1;
    const Floats x = clamp01(n_dot_v) * kLast, y = clamp01(roughness) * kLast;
    for (int i = 0; i < kLanes; ++i) {
      const int left = x[i] < kLast - 1 ? static_cast<int>(x[i]) : kTableSize - 2;
      const int top = y[i] < kLast - 1 ? static_cast<int>(y[i]) : kTableSize - 2;
      const float right = x[i] - static_cast<float>(left), low = y[i] - static_cast<float>(top);
      const float* upper = table + (top * kTableSize + left) * 2;
      const float* lower = upper + kTableSize * 2;
      for (int k = 0; k < 2; ++k) {
        const float a = upper[k], b = upper[k + 2], c = lower[k], d = lower[k + 2];
        const float above = a + (b - a) * right, under = c + (d - c) * right;
        value[k][i] = above + (under - above) * low;
        by_n_dot_v[k][i] = ((b - a) + ((d - c) - (b - a)) * low) * kLast;
        by_roughness[k][i] = (under - above) * kLast;
      }
    }
    // Beyond its ends the table stands still; the plain version passes gradients at the ends.
    for (int k = 0; k < 2; ++k) {
      by_n_dot_v[k] = keep(within01(n_dot_v), by_n_dot_v[k]);
      by_roughness[k] = keep(within01(roughness), by_roughness[k]);
    }
  }
};

struct SurfaceLanes {
  Floats albedo[3], normal[3], to_camera[3];
  Floats roughness, reflectance;
  Floats occlusion;
  bool has_occlusion;
};

inline SurfaceLanes load_surface(const SurfacePoints& points, int64_t first, int count) {
  SurfaceLanes surface;
  for (int i = 0; i < 3; ++i) {
    surface.albedo[i] = gather(points.albedo + 3 * first + i, 3, count);
    surface.normal[i] = gather(points.normal + 3 * first + i, 3, count);
    surface.to_camera[i] = gather(points.to_camera + 3 * first + i, 3, count);
  }
  surface.roughness = gather(points.roughness + first, 1, count);
  surface.reflectance = gather(points.reflectance + first, 1, count);
  surface.has_occlusion = points.occlusion != nullptr;
  surface.occlusion =
      surface.has_occlusion ? gather(points.occlusion + first, 1, count) : broadcast(1.0f);
  return surface;
}

struct ShadedLanes : SurfaceLanes {
  Floats n_dot_v;
  Floats mirrored[3];
  TableRead table;
  Floats share;  // of the light, that the specular layer takes
  Floats irradiance[3], glossy[3];
  Ints lower_map;             // of the two between which the roughness falls
  Floats level_part;          // the share of the upper one
  Floats lower[3], upper[3];  // their colours
  Floats exponent, base, power;
  Floats visible;  // share of the glossy lobe that is not hidden

  ShadedLanes(const SurfaceLanes& surface, const LightMaps& light)
      : SurfaceLanes(surface),
        n_dot_v(dot(normal, to_camera)),
        table(light.table, n_dot_v, roughness) {
    share = reflectance * table.value[0] + table.value[1];
    for (int i = 0; i < 3; ++i) mirrored[i] = 2.0f * n_dot_v * normal[i] - to_camera[i];
    const SquarePoint facing(normal, light);
    Taps(facing, light, Ints{}).read(light.texels, irradiance);
    const SquarePoint reflected(mirrored, light);
    find_level(light);
    Taps(reflected, light, lower_map).read(light.texels, lower);
    Taps(reflected, light, lower_map + 1).read(light.texels, upper);
    for (int i = 0; i < 3; ++i) glossy[i] = lower[i] + (upper[i] - lower[i]) * level_part;
    visible = broadcast(1.0f);
    if (!has_occlusion) return;
    const Floats steepness = -16.0f * roughness - 1.0f;
    exponent = exp2(min(max(steepness, broadcast(-120.0f)), broadcast(120.0f)));
    base = max(clamp01(n_dot_v) + occlusion, broadcast(1e-4f));
    power = exp2(min(max(exponent * log2(base), broadcast(-120.0f)), broadcast(120.0f)));
    visible = clamp01(power - 1.0f + occlusion);
  }

  Floats diffuse(int i) const {
    return albedo[i] * ((1.0f - share) * irradiance[i]) * occlusion;
  }

  Floats specular(int i) const { return share * glossy[i] * visible; }

 private:
  void find_level(const LightMaps& light) {
    const int num_levels = light.num_maps - 1;
    const Floats level = clamp01(roughness) * static_cast<float>(num_levels - 1);
    Floats whole;
    for (int i = 0; i < kLanes; ++i) {
      int32_t below = static_cast<int32_t>(level[i]);
      if (below > num_levels - 2) below = num_levels - 2;
      lower_map[i] = below + 1;  // the first map is irradiance
      whole[i] = static_cast<float>(below);
    }
    level_part = level - whole;
  }
};

inline int points_from(int64_t first, int64_t count) {
  return count - first < kLanes ? static_cast<int>(count - first) : kLanes;
}

inline void shade_lanes(const SurfacePoints& points, const LightMaps& light, const Radiance& out,
                        int64_t first) {
  const int count = points_from(first, points.count);
  const ShadedLanes at(load_surface(points, first, count), light);
  for (int i = 0; i < 3; ++i) {
    scatter(out.diffuse + 3 * first + i, 3, count, at.diffuse(i));
    scatter(out.specular + 3 * first + i, 3, count, at.specular(i));
  }
}

}  // namespace incarnate::INCARNATE_ISA
