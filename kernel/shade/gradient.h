// The gradient of shading; src/incarnate/light/shading.py has the equations of the forward pass.
#pragma once

#include "shade/surface.h"

namespace incarnate::INCARNATE_ISA {

struct SurfaceLaneGradients {
  Floats albedo[3];
  Floats normal[3] = {};
  Floats to_camera[3] = {};
  Floats roughness = {}, reflectance = {}, occlusion = {};
  Floats n_dot_v = {};
  Floats share = {}, visible = {};
  Floats irradiance[3], glossy[3];
};

// From the radiance to its factors.
inline void unfold_products(const ShadedLanes& at, const Floats (&g_diffuse)[3],
                            const Floats (&g_specular)[3], SurfaceLaneGradients& g) {
  for (int i = 0; i < 3; ++i) {
    const Floats lit = (1.0f - at.share) * at.irradiance[i];
    const Floats reflected = g_diffuse[i] * at.albedo[i];
    g.albedo[i] = g_diffuse[i] * lit * at.occlusion;
    g.occlusion += reflected * lit;
    g.irradiance[i] = reflected * at.occlusion * (1.0f - at.share);
    g.share += g_specular[i] * at.glossy[i] * at.visible - reflected * at.occlusion * at.irradiance[i];
    g.glossy[i] = g_specular[i] * at.share * at.visible;
    g.visible += g_specular[i] * at.share * at.glossy[i];
  }
}

inline void unfold_occlusion(const ShadedLanes& at, SurfaceLaneGradients& g) {
  const Floats open = keep(within01(at.power - 1.0f + at.occlusion), g.visible);
  const Ints unclamped = clamp01(at.n_dot_v) + at.occlusion >= 1e-4f;
  const Floats g_base = keep(unclamped, open * at.exponent * at.power / at.base);
  g.occlusion += open + g_base;
  g.n_dot_v += keep(within01(at.n_dot_v), g_base);
  // d power / d exponent = power · ln base, and the exponent falls by 2^(−16 roughness).
  constexpr float kLn2 = 0.69314718f;
  const Floats g_exponent = open * at.power * log2(at.base) * kLn2;
  g.roughness += g_exponent * at.exponent * (-16.0f * kLn2);
}

inline void unfold_share(const ShadedLanes& at, SurfaceLaneGradients& g) {
  g.reflectance = g.share * at.table.value[0];
  g.n_dot_v += g.share * (at.reflectance * at.table.by_n_dot_v[0] + at.table.by_n_dot_v[1]);
  g.roughness += g.share * (at.reflectance * at.table.by_roughness[0] + at.table.by_roughness[1]);
}

// Through the three reads of the light to texels, directions and roughness.
inline void unfold_light(const ShadedLanes& at, const LightMaps& light, int count, float* texels,
                         SurfaceLaneGradients& g) {
  Floats g_square[2], g_mirrored[3] = {};
  const SquarePoint facing(at.normal, light);
  Taps(facing, light, Ints{}).backward(light.texels, g.irradiance, count, texels, g_square);
  facing.add_gradient(g_square, light, g.normal);

  const SquarePoint reflected(at.mirrored, light);
  Floats by_level = {}, g_lower[3], g_upper[3];
  for (int i = 0; i < 3; ++i) {
    by_level += g.glossy[i] * (at.upper[i] - at.lower[i]);
    g_upper[i] = g.glossy[i] * at.level_part;
    g_lower[i] = g.glossy[i] - g_upper[i];
  }
  const float num_steps = static_cast<float>(light.num_maps - 2);
  g.roughness += keep(within01(at.roughness), by_level * num_steps);
  Taps(reflected, light, at.lower_map).backward(light.texels, g_lower, count, texels, g_square);
  reflected.add_gradient(g_square, light, g_mirrored);
  Taps(reflected, light, at.lower_map + 1).backward(light.texels, g_upper, count, texels, g_square);
  reflected.add_gradient(g_square, light, g_mirrored);

  g.n_dot_v += 2.0f * dot(g_mirrored, at.normal);
  for (int i = 0; i < 3; ++i) {
    g.normal[i] += 2.0f * at.n_dot_v * g_mirrored[i];
    g.to_camera[i] -= g_mirrored[i];
  }
}

// All of the above; `count` lanes add to `texels`, unless that is null.
inline SurfaceLaneGradients surface_gradients(const ShadedLanes& at, const LightMaps& light,
                                              const Floats (&g_diffuse)[3],
                                              const Floats (&g_specular)[3], int count,
                                              float* texels) {
  SurfaceLaneGradients g;
  unfold_products(at, g_diffuse, g_specular, g);
  if (at.has_occlusion) unfold_occlusion(at, g);
  unfold_share(at, g);
  unfold_light(at, light, count, texels, g);
  for (int i = 0; i < 3; ++i) {
    g.normal[i] += g.n_dot_v * at.to_camera[i];
    g.to_camera[i] += g.n_dot_v * at.normal[i];
  }
  return g;
}

inline void shade_lanes_backward(const SurfacePoints& points, const LightMaps& light,
                                 const Radiance& gradient, const SurfaceGradients& out,
                                 float* texels, int64_t first) {
  const int count = points_from(first, points.count);
  const ShadedLanes at(load_surface(points, first, count), light);
  Floats g_diffuse[3], g_specular[3];
  for (int i = 0; i < 3; ++i) {
    g_diffuse[i] = gather(gradient.diffuse + 3 * first + i, 3, count);
    g_specular[i] = gather(gradient.specular + 3 * first + i, 3, count);
  }
  const SurfaceLaneGradients g =
      surface_gradients(at, light, g_diffuse, g_specular, count, texels);
  for (int i = 0; i < 3; ++i) {
    scatter(out.albedo + 3 * first + i, 3, count, g.albedo[i]);
    scatter(out.normal + 3 * first + i, 3, count, g.normal[i]);
    scatter(out.to_camera + 3 * first + i, 3, count, g.to_camera[i]);
  }
  scatter(out.roughness + first, 1, count, g.roughness);
  scatter(out.reflectance + first, 1, count, g.reflectance);
  if (out.occlusion != nullptr) scatter(out.occlusion + first, 1, count, g.occlusion);
}

}  // namespace incarnate::INCARNATE_ISA
