// Deferred shading under prefiltered environment light, forward and backward.
//
// src/incarnate/light/shading.py, with prefilter.py, brdf.py and octahedral.py, says what is
// computed; names here are theirs.
#pragma once

#include <cstdint>

namespace incarnate {

constexpr int kMaxMaps = 16;
constexpr int kTableSize = 64;
// Texels are padded to four floats, so that one vector holds a colour.
constexpr int kTexelStride = 4;

struct SurfacePoints {
  int64_t count;
  const float* albedo;       // (count, 3)
  const float* roughness;    // (count)
  const float* reflectance;  // (count)
  const float* normal;       // (count, 3), unit
  const float* occlusion;    // (count), or null: nothing is hidden
  const float* to_camera;    // (count, 3), unit
};

struct SurfaceGradients {
  float* albedo;
  float* roughness;
  float* reflectance;
  float* normal;
  float* occlusion;  // null where the points have none
  float* to_camera;
};

struct LightMaps {
  const float* texels;       // (num_texels, kTexelStride)
  const float* table;        // (kTableSize, kTableSize, 2), by roughness and n·v
  int64_t num_texels;
  int num_maps;              // irradiance, then at least two of rising roughness
  int sides[kMaxMaps];       // cells along a side; a map has (side + 1)² texels
  int offsets[kMaxMaps];     // of each map in `texels`
  float cosine, sine;        // of the light's turn about +y
};

// Values in the forward pass, gradients in the backward pass.
struct Radiance {
  float* diffuse;   // (count, 3)
  float* specular;  // (count, 3)
};

// Both work on up to eight points from `first` on; the backward pass adds to `texels`,
// (num_texels, kTexelStride), unless that is null.
using ShadeForward = void (*)(const SurfacePoints&, const LightMaps&, const Radiance& out,
                              int64_t first);
using ShadeBackward = void (*)(const SurfacePoints&, const LightMaps&, const Radiance& gradient,
                               const SurfaceGradients& out, float* texels, int64_t first);

// `light.texels` is (num_texels, 3) here, as the caller has it, and so is `texels`, which may be
// null.
void shade_forward(const SurfacePoints& points, LightMaps light, const Radiance& out,
                   int num_threads);
void shade_backward(const SurfacePoints& points, LightMaps light, const Radiance& gradient,
                    const SurfaceGradients& out, float* texels, int num_threads);

}  // namespace incarnate
