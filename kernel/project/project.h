// The projection of 3D Gaussians into the image plane (EWA), forward and backward.
#pragma once

#include <cstdint>

namespace incarnate {

struct PinholeCamera {
  float rotation[3][3];  // camera from world
  float translation[3];
  float focal[2];
  float center[2];
  float low[2], high[2];  // limits of x/z and y/z where the map is linearised

  // `view` is the 4×4 camera_from_world and `intrinsics` the 3×3 matrix, both row by row.
  PinholeCamera(const float* view, const float* intrinsics, int width, int height);
};

struct Gaussians {
  int64_t count;
  const float* means;        // (count, 3) world metres
  const float* quaternions;  // (count, 4) wxyz, of any length
  const float* log_scales;   // (count, 3)
};

// Arrays of 2D Gaussians: values in the forward pass, gradients in the backward pass.
struct Projections {
  float* means;   // (count, 2) pixels
  float* conics;  // (count, 3) px⁻²
  float* depths;  // (count) metres; zero where the Gaussian is not to be drawn
};

struct GaussianGradients {
  float* means;
  float* quaternions;
  float* log_scales;
  float* camera;  // (kCameraValues), or null where it is not wanted
};

// What a camera has gradients for, in this order: the rows of [rotation | translation], then the
// focal lengths, then the centre.
constexpr int kCameraValues = 16;

// Both work on up to eight Gaussians from `first` on. The backward pass adds its lanes' part of
// the camera's gradient to `camera_lanes`, (kCameraValues, 8), unless that is null.
using ProjectForward = void (*)(const Gaussians&, const PinholeCamera&, const Projections& out,
                                int64_t first);
using ProjectBackward = void (*)(const Gaussians&, const PinholeCamera&,
                                 const Projections& gradient, const GaussianGradients& out,
                                 int64_t first, float* camera_lanes);

void project_forward(const Gaussians& gaussians, const PinholeCamera& camera,
                     const Projections& out, int num_threads);
void project_backward(const Gaussians& gaussians, const PinholeCamera& camera,
                      const Projections& gradient, const GaussianGradients& out, int num_threads);

}  // namespace incarnate
