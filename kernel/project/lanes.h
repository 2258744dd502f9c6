// Projection of eight Gaussians, and its gradient.
#pragma once

#include "project/footprint.h"

namespace incarnate::INCARNATE_ISA {

inline int lanes_from(int64_t first, int64_t count) {
  return count - first < kLanes ? static_cast<int>(count - first) : kLanes;
}

inline void project_forward(const Gaussians& gaussians, const PinholeCamera& camera,
                            const Projections& out, int64_t first) {
  const int count = lanes_from(first, gaussians.count);
  const ProjectedLanes lanes(gaussians, camera, first, count);
  for (int i = 0; i < 2; ++i)
    scatter(out.means + 2 * first + i, 2, count, keep(lanes.drawn, lanes.mean[i]));
  for (int i = 0; i < 3; ++i)
    scatter(out.conics + 3 * first + i, 3, count, keep(lanes.drawn, lanes.conic[i]));
  scatter(out.depths + first, 1, count, keep(lanes.drawn, lanes.depth));
}

// dL/d spread from dL/d conic. With Q the conic, G its gradient and cov = spread · spreadᵀ:
// dL/d cov = −Q G Q and dL/d spread = 2 (dL/d cov) spread.
inline void spread_gradient(const ProjectedLanes& lanes, const Floats (&conic_gradient)[3],
                            Floats (&gradient)[2][3]) {
  const Floats a = lanes.conic[0], b = lanes.conic[1], c = lanes.conic[2];
  const Floats ga = conic_gradient[0], gb = 0.5f * conic_gradient[1], gc = conic_gradient[2];
  const Floats t00 = ga * a + gb * b, t01 = ga * b + gb * c;
  const Floats t10 = gb * a + gc * b, t11 = gb * b + gc * c;
  const Floats xx = -(a * t00 + b * t10), xy = -(a * t01 + b * t11), yy = -(b * t01 + c * t11);
  for (int j = 0; j < 3; ++j) {
    gradient[0][j] = 2.0f * (xx * lanes.spread[0][j] + xy * lanes.spread[1][j]);
    gradient[1][j] = 2.0f * (xy * lanes.spread[0][j] + yy * lanes.spread[1][j]);
  }
}

// dL/d quaternion from dL/d rotation matrix, through the normalisation.
inline void quaternion_gradient(const Orientation& at, const Floats (&g)[3][3],
                                Floats (&gradient)[4]) {
  const Floats w = at.unit[0], x = at.unit[1], y = at.unit[2], z = at.unit[3];
  const Floats s01 = g[0][1] + g[1][0], s02 = g[0][2] + g[2][0], s12 = g[1][2] + g[2][1];
  const Floats d10 = g[1][0] - g[0][1], d02 = g[0][2] - g[2][0], d21 = g[2][1] - g[1][2];
  gradient[0] = 2.0f * (z * d10 + y * d02 + x * d21);
  gradient[1] = 2.0f * (y * s01 + z * s02 + w * d21 - 2.0f * x * (g[1][1] + g[2][2]));
  gradient[2] = 2.0f * (x * s01 + z * s12 + w * d02 - 2.0f * y * (g[0][0] + g[2][2]));
  gradient[3] = 2.0f * (x * s02 + y * s12 + w * d10 - 2.0f * z * (g[0][0] + g[1][1]));
  const Floats along = w * gradient[0] + x * gradient[1] + y * gradient[2] + z * gradient[3];
  for (int i = 0; i < 4; ++i)
    gradient[i] = keep(~at.is_zero, (gradient[i] - at.unit[i] * along) * at.inverse_length);
}

inline void add_lanes(float* sums, int value, Floats more) {
  float* to = sums + value * kLanes;
  store(to, load(to) + more);
}

// The camera's rotation turns the centres and the axes of the ellipsoids alike.
inline void add_camera_gradient(const ProjectedLanes& lanes, const Floats (&g_point)[3],
                                const Floats (&g_axes)[3][3], Ints real, float* sums) {
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) {
      Floats g = g_point[i] * lanes.world[k];
      for (int j = 0; j < 3; ++j)
        g += g_axes[i][j] * lanes.orientation.matrix[k][j] * lanes.scale[j];
      add_lanes(sums, 4 * i + k, keep(real, g));
    }
    add_lanes(sums, 4 * i + 3, keep(real, g_point[i]));
  }
}

inline void project_backward(const Gaussians& gaussians, const PinholeCamera& camera,
                             const Projections& gradient, const GaussianGradients& out,
                             int64_t first, float* camera_lanes) {
  const int count = lanes_from(first, gaussians.count);
  const ProjectedLanes lanes(gaussians, camera, first, count);
  Floats conic_gradient[3], g_spread[2][3], g_axes[3][3] = {}, g_point[3] = {};
  Floats g_focal[2], g_center[2];
  for (int i = 0; i < 3; ++i) conic_gradient[i] = gather(gradient.conics + 3 * first + i, 3, count);
  spread_gradient(lanes, conic_gradient, g_spread);

  const Floats inverse_depth = 1.0f / lanes.depth;
  g_point[2] = gather(gradient.depths + first, 1, count);
  for (int i = 0; i < 2; ++i) {
    const Floats magnification = camera.focal[i] * inverse_depth;
    Floats g_clamped = {};
    for (int j = 0; j < 3; ++j) {
      const Floats scaled = magnification * g_spread[i][j];
      g_axes[i][j] = scaled;
      g_axes[2][j] -= lanes.clamped[i] * scaled;
      g_clamped -= scaled * lanes.axes[2][j];
      g_point[2] -= g_spread[i][j] * lanes.spread[i][j] * inverse_depth;
    }
    const Ints inside = (lanes.slope[i] >= camera.low[i]) & (lanes.slope[i] <= camera.high[i]);
    const Floats g_mean = gather(gradient.means + 2 * first + i, 2, count);
    const Floats g_slope = camera.focal[i] * g_mean + keep(inside, g_clamped);
    g_point[i] = g_slope * inverse_depth;
    g_point[2] -= g_point[i] * lanes.slope[i];
    // A clamped slope is a limit of the field of view, which moves with focal length and centre.
    const Floats g_limit = keep(~inside, g_clamped) / camera.focal[i];
    g_center[i] = g_mean - g_limit;
    g_focal[i] = g_mean * lanes.slope[i] - g_limit * lanes.clamped[i];
    for (int j = 0; j < 3; ++j) g_focal[i] += g_spread[i][j] * lanes.spread[i][j] / camera.focal[i];
  }
  if (camera_lanes != nullptr) {
    const Ints real = lanes.drawn & (lane_numbers() < static_cast<float>(count));
    add_camera_gradient(lanes, g_point, g_axes, real, camera_lanes);
    for (int i = 0; i < 2; ++i) {
      add_lanes(camera_lanes, 12 + i, keep(real, g_focal[i]));
      add_lanes(camera_lanes, 14 + i, keep(real, g_center[i]));
    }
  }

  Floats g_rotation[3][3], g_log_scale[3] = {}, g_quaternion[4];
  for (int i = 0; i < 3; ++i) {
    const auto& r = camera.rotation;
    for (int j = 0; j < 3; ++j) {
      const Floats turned = r[0][i] * g_axes[0][j] + r[1][i] * g_axes[1][j] + r[2][i] * g_axes[2][j];
      g_rotation[i][j] = turned * lanes.scale[j];
      g_log_scale[j] += g_rotation[i][j] * lanes.orientation.matrix[i][j];
    }
    const Floats g_mean = r[0][i] * g_point[0] + r[1][i] * g_point[1] + r[2][i] * g_point[2];
    scatter(out.means + 3 * first + i, 3, count, keep(lanes.drawn, g_mean));
  }
  quaternion_gradient(lanes.orientation, g_rotation, g_quaternion);
  for (int i = 0; i < 4; ++i)
    scatter(out.quaternions + 4 * first + i, 4, count, keep(lanes.drawn, g_quaternion[i]));
  for (int i = 0; i < 3; ++i)
    scatter(out.log_scales + 3 * first + i, 3, count, keep(lanes.drawn, g_log_scale[i]));
}

}  // namespace incarnate::INCARNATE_ISA
