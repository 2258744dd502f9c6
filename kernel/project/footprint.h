// Eight Gaussians on their way to the image plane; what forward and backward both need.
#pragma once

#include "constants.h"
#include "project/project.h"
#include "simd/lanes.h"

namespace incarnate::INCARNATE_ISA {

struct Orientation {
  Floats unit[4];  // wxyz
  Floats inverse_length;
  Ints is_zero;  // a zero quaternion is the identity and has no gradient
  Floats matrix[3][3];

  Orientation(const float* quaternions, int count) {
    Floats squared = {};
    for (int i = 0; i < 4; ++i) {
      unit[i] = gather(quaternions + i, 4, count);
      squared += unit[i] * unit[i];
    }
    is_zero = squared < 1.17549435e-38f;
    inverse_length = 1.0f / sqrt(is_zero ? broadcast(1.0f) : squared);
    for (int i = 0; i < 4; ++i)
      unit[i] = is_zero ? broadcast(i == 0 ? 1.0f : 0.0f) : unit[i] * inverse_length;
    const Floats w = unit[0], x = unit[1], y = unit[2], z = unit[3];
    matrix[0][0] = 1.0f - 2.0f * (y * y + z * z);
    matrix[0][1] = 2.0f * (x * y - w * z);
    matrix[0][2] = 2.0f * (x * z + w * y);
    matrix[1][0] = 2.0f * (x * y + w * z);
    matrix[1][1] = 1.0f - 2.0f * (x * x + z * z);
    matrix[1][2] = 2.0f * (y * z - w * x);
    matrix[2][0] = 2.0f * (x * z - w * y);
    matrix[2][1] = 2.0f * (y * z + w * x);
    matrix[2][2] = 1.0f - 2.0f * (x * x + y * y);
  }
};

struct ProjectedLanes {
  Orientation orientation;
  Floats world[3];
  Floats scale[3];
  Floats depth;          // z in camera space
  Floats slope[2];       // x/z, y/z
  Floats clamped[2];     // the same within the camera's limits
  Floats axes[3][3];     // camera axes of the ellipsoid: rotation · orientation · scale
  Floats spread[2][3];   // J · axes; spread · spreadᵀ is the covariance before the low pass
  Floats mean[2];
  Floats conic[3];
  Ints drawn;

  ProjectedLanes(const Gaussians& gaussians, const PinholeCamera& camera, int64_t first, int count)
      : orientation(gaussians.quaternions + 4 * first, count) {
    Floats point[3];
    for (int i = 0; i < 3; ++i) {
      world[i] = gather(gaussians.means + 3 * first + i, 3, count);
      const Floats log_scale = gather(gaussians.log_scales + 3 * first + i, 3, count);
      scale[i] = exp(log_scale) + (log_scale - log_scale);  // stays NaN where it was not finite
    }
    for (int i = 0; i < 3; ++i) {
      const float* row = camera.rotation[i];
      point[i] = row[0] * world[0] + row[1] * world[1] + row[2] * world[2] + camera.translation[i];
      for (int j = 0; j < 3; ++j) {
        const auto& m = orientation.matrix;
        axes[i][j] = (row[0] * m[0][j] + row[1] * m[1][j] + row[2] * m[2][j]) * scale[j];
      }
    }
    depth = point[2];
    for (int i = 0; i < 2; ++i) {
      slope[i] = point[i] / depth;
      clamped[i] = min(max(slope[i], broadcast(camera.low[i])), broadcast(camera.high[i]));
      mean[i] = camera.focal[i] * slope[i] + camera.center[i];
      for (int j = 0; j < 3; ++j)
        spread[i][j] = camera.focal[i] / depth * (axes[i][j] - clamped[i] * axes[2][j]);
    }
    find_conic();
  }

 private:
  void find_conic() {
    const auto& [a, b] = spread;
    const Floats xx = a[0] * a[0] + a[1] * a[1] + a[2] * a[2];
    const Floats xy = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const Floats yy = b[0] * b[0] + b[1] * b[1] + b[2] * b[2];
    // |a × b|² is xx·yy − xy² without its cancellation, which would swallow thin splats.
    const Floats n0 = a[1] * b[2] - a[2] * b[1];
    const Floats n1 = a[2] * b[0] - a[0] * b[2];
    const Floats n2 = a[0] * b[1] - a[1] * b[0];
    const Floats determinant =
        n0 * n0 + n1 * n1 + n2 * n2 + kLowPass * (xx + yy) + kLowPass * kLowPass;
    conic[0] = (yy + kLowPass) / determinant;
    conic[1] = -xy / determinant;
    conic[2] = (xx + kLowPass) / determinant;
    drawn = (depth > kNearPlane) & is_finite(mean[0] + mean[1]) & is_finite(determinant) &
            is_finite(conic[0] + conic[1] + conic[2]) & is_finite(depth);
  }
};

}  // namespace incarnate::INCARNATE_ISA
