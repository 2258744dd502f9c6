// Shading of a whole picture of splatted materials: from alpha-weighted sums to linear colour.
//
// src/incarnate/light/pictures.py says what is computed.
#pragma once

#include "shade/shade.h"

namespace incarnate {

struct MaterialPicture {
  int height, width, num_channels;
  const float* sums;   // (height, width, num_channels), weighted by alpha
  const float* alpha;  // (height, width)
  // The first column of each material.
  int albedo, roughness, reflectance, normal, exposure;
  // The rays of the pixels.
  float rotation[3][3];  // camera from world
  float focal[2], center[2];
};

// Both work on up to eight pixels, by their numbers in the picture, and write only theirs.
using ShadePixels = void (*)(const MaterialPicture&, const LightMaps&, const int32_t* pixels,
                             int count, float* image);
using ShadePixelsBackward = void (*)(const MaterialPicture&, const LightMaps&,
                                     const int32_t* pixels, int count, const float* g_image,
                                     float* g_sums, float* g_alpha, float* g_texels);

// Pixels of alpha below the cut stay black. `image` is (height, width, 3).
void shade_picture(const MaterialPicture& picture, LightMaps light, float* image, int num_threads);

// `g_texels`, (num_texels, 3), may be null.
void shade_picture_backward(const MaterialPicture& picture, LightMaps light, const float* g_image,
                            float* g_sums, float* g_alpha, float* g_texels, int num_threads);

}  // namespace incarnate
