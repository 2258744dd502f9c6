// Eight pixels of a material picture: their surface, and its gradient.
#pragma once

#include "constants.h"
#include "shade/gradient.h"
#include "shade/picture.h"

namespace incarnate::INCARNATE_ISA {

constexpr float kMinExposure = 1e-3f;
constexpr float kMinLength = 1e-6f;

// A vector divided by its length, or by kMinLength where it is shorter.
struct UnitVector {
  Floats inverse_length;
  Ints is_long;
  Floats unit[3];

  explicit UnitVector(const Floats (&vector)[3]) {
    const Floats length = sqrt(dot(vector, vector));
    is_long = length >= kMinLength;
    inverse_length = 1.0f / max(length, broadcast(kMinLength));
    for (int i = 0; i < 3; ++i) unit[i] = vector[i] * inverse_length;
  }

  void gradient(const Floats (&g_unit)[3], Floats (&g)[3]) const {
    const Floats along = keep(is_long, dot(unit, g_unit));
    for (int i = 0; i < 3; ++i) g[i] = (g_unit[i] - unit[i] * along) * inverse_length;
  }
};

struct PixelLanes {
  const MaterialPicture& picture;
  const int32_t* pixels;
  const int count;
  Floats alpha, inverse_alpha;
  Floats to_camera[3];
  Floats albedo[3], exposure[3];  // exposure before its clamp
  Floats open;                    // mean exposure
  UnitVector splatted;            // normal
  Floats away;                    // how much it points away from the camera
  UnitVector facing;              // the same laid into the plane of the picture where it does

  PixelLanes(const MaterialPicture& from, const int32_t* numbers, int lanes)
      : picture(from),
        pixels(numbers),
        count(lanes),
        alpha(read(from.alpha, 1, 0)),
        inverse_alpha(1.0f / alpha),
        splatted(normal_sums()),
        away(find_away()),
        facing(laid_down()) {
    open = Floats{};
    for (int i = 0; i < 3; ++i) {
      albedo[i] = sum(from.albedo + i) * inverse_alpha;
      exposure[i] = sum(from.exposure + i) * inverse_alpha;
      open += max(exposure[i], broadcast(kMinExposure)) * (1.0f / 3.0f);
    }
  }

  // Light that is coloured by what it passed goes to the albedo; shading knows one occlusion.
  SurfaceLanes surface() const {
    SurfaceLanes surface;
    for (int i = 0; i < 3; ++i) {
      surface.albedo[i] = albedo[i] * max(exposure[i], broadcast(kMinExposure)) / open;
      surface.normal[i] = facing.unit[i];
      surface.to_camera[i] = to_camera[i];
    }
    surface.roughness = sum(picture.roughness) * inverse_alpha;
    surface.reflectance = sum(picture.reflectance) * inverse_alpha;
    surface.occlusion = open;
    surface.has_occlusion = true;
    return surface;
  }

  Floats read(const float* values, int stride, int column) const {
    Floats lanes;
    for (int i = 0; i < kLanes; ++i)
      lanes[i] = values[static_cast<int64_t>(pixels[i < count ? i : count - 1]) * stride + column];
    return lanes;
  }

  void write(float* values, int stride, int column, Floats lanes) const {
    for (int i = 0; i < count; ++i)
      values[static_cast<int64_t>(pixels[i]) * stride + column] = lanes[i];
  }

 private:
  Floats sum(int column) const { return read(picture.sums, picture.num_channels, column); }

  UnitVector normal_sums() {
    const int first = picture.normal;
    const Floats sums[3] = {sum(first), sum(first + 1), sum(first + 2)};
    return UnitVector(sums);
  }

  Floats find_away() {
    Floats x, y;
    for (int i = 0; i < kLanes; ++i) {
      const int32_t pixel = pixels[i < count ? i : count - 1];
      x[i] = static_cast<float>(pixel % picture.width);
      y[i] = static_cast<float>(pixel / picture.width);
    }
    const Floats in_camera[3] = {(x + 0.5f - picture.center[0]) / picture.focal[0],
                                 (y + 0.5f - picture.center[1]) / picture.focal[1],
                                 broadcast(1.0f)};
    const UnitVector ray(in_camera);
    for (int i = 0; i < 3; ++i) {
      to_camera[i] = -(ray.unit[0] * picture.rotation[0][i] + ray.unit[1] * picture.rotation[1][i] +
                       ray.unit[2] * picture.rotation[2][i]);
    }
    return min(dot(splatted.unit, to_camera), Floats{});
  }

  UnitVector laid_down() const {
    Floats vector[3];
    for (int i = 0; i < 3; ++i) vector[i] = splatted.unit[i] - away * to_camera[i];
    return UnitVector(vector);
  }
};

inline void shade_pixels(const MaterialPicture& picture, const LightMaps& light,
                         const int32_t* pixels, int count, float* image) {
  const PixelLanes from(picture, pixels, count);
  const ShadedLanes at(from.surface(), light);
  for (int i = 0; i < 3; ++i)
    from.write(image, 3, i, (at.diffuse(i) + at.specular(i)) * from.alpha);
}

// Writes the gradients of one mean = sum / alpha.
inline void unfold_mean(const PixelLanes& from, int column, Floats mean, Floats g_mean,
                        float* g_sums, Floats& g_alpha) {
  const Floats g = g_mean * from.inverse_alpha;
  from.write(g_sums, from.picture.num_channels, column, g);
  g_alpha -= g * mean;
}

inline void unfold_normal(const PixelLanes& from, const Floats (&g_facing)[3], float* g_sums) {
  Floats g_laid[3], g_unit[3], g_sum[3];
  from.facing.gradient(g_facing, g_laid);
  const Floats along = keep(dot(from.splatted.unit, from.to_camera) <= 0.0f,
                            dot(g_laid, from.to_camera));
  for (int i = 0; i < 3; ++i) g_unit[i] = g_laid[i] - along * from.to_camera[i];
  from.splatted.gradient(g_unit, g_sum);
  for (int i = 0; i < 3; ++i)
    from.write(g_sums, from.picture.num_channels, from.picture.normal + i, g_sum[i]);
}

inline void shade_pixels_backward(const MaterialPicture& picture, const LightMaps& light,
                                  const int32_t* pixels, int count, const float* g_image,
                                  float* g_sums, float* g_alpha, float* g_texels) {
  const PixelLanes from(picture, pixels, count);
  const ShadedLanes at(from.surface(), light);
  Floats g_radiance[3], by_alpha = {};
  for (int i = 0; i < 3; ++i) {
    const Floats g = from.read(g_image, 3, i);
    g_radiance[i] = g * from.alpha;
    by_alpha += g * (at.diffuse(i) + at.specular(i));
  }
  const SurfaceLaneGradients g =
      surface_gradients(at, light, g_radiance, g_radiance, count, g_texels);

  const Floats inverse_open = 1.0f / from.open;
  Floats by_exposure[3], by_open = g.occlusion;
  for (int i = 0; i < 3; ++i) {
    const Floats tint = max(from.exposure[i], broadcast(kMinExposure)) * inverse_open;
    by_exposure[i] = g.albedo[i] * from.albedo[i] * inverse_open;
    by_open -= by_exposure[i] * tint;
    unfold_mean(from, picture.albedo + i, from.albedo[i], g.albedo[i] * tint, g_sums, by_alpha);
  }
  for (int i = 0; i < 3; ++i) {
    const Floats unclamped = keep(from.exposure[i] >= kMinExposure,
                                  by_exposure[i] + by_open * (1.0f / 3.0f));
    unfold_mean(from, picture.exposure + i, from.exposure[i], unclamped, g_sums, by_alpha);
  }
  unfold_mean(from, picture.roughness, at.roughness, g.roughness, g_sums, by_alpha);
  unfold_mean(from, picture.reflectance, at.reflectance, g.reflectance, g_sums, by_alpha);
  unfold_normal(from, g.normal, g_sums);
  from.write(g_alpha, 1, 0, by_alpha);
}

}  // namespace incarnate::INCARNATE_ISA
