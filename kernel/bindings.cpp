// The Python module `incarnate._kernel`. Arrays come and go by DLPack; no torch header is needed.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "bin/plan.h"
#include "blend/blend.h"
#include "image_loss/image_loss.h"
#include "project/project.h"
#include "shade/picture.h"
#include "shade/shade.h"
#include "simd/stages.h"

namespace nb = nanobind;

namespace incarnate {
namespace {

template <int kDimensions>
using Array = nb::ndarray<float, nb::ndim<kDimensions>, nb::c_contig, nb::device::cpu>;
using Bytes = nb::ndarray<uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using NewBytes = nb::ndarray<nb::pytorch, uint8_t, nb::ndim<1>, nb::device::cpu>;

ProjectedSplats view_splats(const Array<2>& means, const Array<2>& conics,
                            const Array<1>& opacities, const Array<1>& depths,
                            const Array<2>& features) {
  return {static_cast<int64_t>(means.shape(0)),
          static_cast<int>(features.shape(1)),
          means.data(),
          conics.data(),
          opacities.data(),
          depths.data(),
          features.data()};
}

Image view_image(const Array<3>& sums, const Array<2>& depth_sum, const Array<2>& transmittance) {
  return {static_cast<int>(sums.shape(2)), sums.data(), depth_sum.data(), transmittance.data()};
}

void project_forward_py(Array<2> means, Array<2> quaternions, Array<2> log_scales, Array<2> view,
                        Array<2> intrinsics, int width, int height, Array<2> out_means,
                        Array<2> out_conics, Array<1> out_depths, int num_threads) {
  const PinholeCamera camera(view.data(), intrinsics.data(), width, height);
  const Gaussians gaussians{static_cast<int64_t>(means.shape(0)), means.data(), quaternions.data(),
                            log_scales.data()};
  const Projections out{out_means.data(), out_conics.data(), out_depths.data()};
  const nb::gil_scoped_release unlocked;
  project_forward(gaussians, camera, out, num_threads);
}

void project_backward_py(Array<2> means, Array<2> quaternions, Array<2> log_scales, Array<2> view,
                         Array<2> intrinsics, int width, int height, Array<2> g_means,
                         Array<2> g_conics, Array<1> g_depths, Array<2> out_means,
                         Array<2> out_quaternions, Array<2> out_log_scales, Array<1> out_camera,
                         int num_threads) {
  const PinholeCamera camera(view.data(), intrinsics.data(), width, height);
  const Gaussians gaussians{static_cast<int64_t>(means.shape(0)), means.data(), quaternions.data(),
                            log_scales.data()};
  const Projections gradient{g_means.data(), g_conics.data(), g_depths.data()};
  const GaussianGradients out{out_means.data(), out_quaternions.data(), out_log_scales.data(),
                              out_camera.size() > 0 ? out_camera.data() : nullptr};
  const nb::gil_scoped_release unlocked;
  project_backward(gaussians, camera, gradient, out, num_threads);
}

NewBytes plan_py(Array<2> means, Array<2> conics, Array<1> opacities, Array<1> depths,
                 Array<2> features, int width, int height, int num_threads) {
  const ProjectedSplats splats = view_splats(means, conics, opacities, depths, features);
  auto plan = std::make_unique<PlanBytes>([&] {
    const nb::gil_scoped_release unlocked;
    return make_plan(splats, width, height, num_threads);
  }());
  uint8_t* bytes = plan->bytes.get();
  const size_t size = plan->size;
  const nb::capsule owner(plan.release(),
                          [](void* p) noexcept { delete static_cast<PlanBytes*>(p); });
  return NewBytes(bytes, {size}, owner);
}

void blend_forward_py(Bytes plan, Array<2> means, Array<2> conics, Array<1> opacities,
                      Array<1> depths, Array<2> features, Array<3> sums, Array<2> depth_sum,
                      Array<2> transmittance, int num_threads) {
  const PlanView view = view_plan(plan.data(), static_cast<int64_t>(plan.size()));
  const ProjectedSplats splats = view_splats(means, conics, opacities, depths, features);
  const Image image = view_image(sums, depth_sum, transmittance);
  const nb::gil_scoped_release unlocked;
  blend_forward(view, splats, image, num_threads);
}

void blend_backward_py(Bytes plan, Array<2> means, Array<2> conics, Array<1> opacities,
                       Array<1> depths, Array<2> features, Array<3> sums, Array<2> depth_sum,
                       Array<2> transmittance, Array<3> g_sums, Array<2> g_depth_sum,
                       Array<2> g_transmittance, Array<2> out_means, Array<2> out_conics,
                       Array<1> out_opacities, Array<1> out_depths, Array<2> out_features,
                       int num_threads) {
  const PlanView view = view_plan(plan.data(), static_cast<int64_t>(plan.size()));
  const ProjectedSplats splats = view_splats(means, conics, opacities, depths, features);
  const Image image = view_image(sums, depth_sum, transmittance);
  const Image gradient = view_image(g_sums, g_depth_sum, g_transmittance);
  const SplatGradients into{out_means.data(), out_conics.data(), out_opacities.data(),
                            out_depths.data(), out_features.data()};
  const nb::gil_scoped_release unlocked;
  blend_backward(view, splats, image, gradient, into, num_threads);
}

PicturePair view_pair(const Array<3>& image, const Array<3>& target) {
  return {image.data(), target.data(), static_cast<int>(image.shape(0)),
          static_cast<int>(image.shape(1))};
}

nb::tuple compare_pictures_py(Array<3> image, Array<3> target, Array<3> ssim_gradient,
                              int num_threads) {
  const PicturePair pair = view_pair(image, target);
  float* gradient = ssim_gradient.size() > 0 ? ssim_gradient.data() : nullptr;
  PictureLosses losses;
  {
    const nb::gil_scoped_release unlocked;
    losses = compare_pictures(pair, gradient, num_threads);
  }
  return nb::make_tuple(losses.l1, losses.ssim);
}

void combine_gradients_py(Array<3> image, Array<3> target, Array<3> ssim_gradient, float l1_weight,
                          float ssim_weight, Array<3> out, int num_threads) {
  const PicturePair pair = view_pair(image, target);
  const nb::gil_scoped_release unlocked;
  combine_gradients(pair, ssim_gradient.data(), l1_weight, ssim_weight, out.data(), num_threads);
}

const float* data_or_null(const Array<1>& array) {
  return array.size() > 0 ? array.data() : nullptr;
}

SurfacePoints view_points(const Array<2>& albedo, const Array<1>& roughness,
                          const Array<1>& reflectance, const Array<2>& normal,
                          const Array<1>& occlusion, const Array<2>& to_camera) {
  return {static_cast<int64_t>(albedo.shape(0)),
          albedo.data(),
          roughness.data(),
          reflectance.data(),
          normal.data(),
          data_or_null(occlusion),
          to_camera.data()};
}

LightMaps view_light(const Array<2>& texels, const Array<3>& table, const std::vector<int>& sides,
                     double rotation) {
  LightMaps light{};
  if (sides.size() < 3 || sides.size() > kMaxMaps)
    throw std::invalid_argument("a light has 3 to 16 maps");
  if (table.shape(0) != kTableSize || table.shape(1) != kTableSize || table.shape(2) != 2)
    throw std::invalid_argument("the split-sum table is (64, 64, 2)");
  int64_t offset = 0;
  for (size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] < 2 || sides[i] % 2 != 0) throw std::invalid_argument("sides of maps are even");
    light.sides[i] = sides[i];
    light.offsets[i] = static_cast<int>(offset);
    offset += static_cast<int64_t>(sides[i] + 1) * (sides[i] + 1);
  }
  if (offset != static_cast<int64_t>(texels.shape(0)))
    throw std::invalid_argument("the light's maps and texels do not fit each other");
  light.texels = texels.data();
  light.table = table.data();
  light.num_texels = offset;
  light.num_maps = static_cast<int>(sides.size());
  light.cosine = static_cast<float>(std::cos(rotation));
  light.sine = static_cast<float>(std::sin(rotation));
  return light;
}

void shade_forward_py(Array<2> albedo, Array<1> roughness, Array<1> reflectance, Array<2> normal,
                      Array<1> occlusion, Array<2> to_camera, Array<2> texels, Array<3> table,
                      std::vector<int> sides, double rotation, Array<2> diffuse,
                      Array<2> specular, int num_threads) {
  const SurfacePoints points =
      view_points(albedo, roughness, reflectance, normal, occlusion, to_camera);
  const LightMaps light = view_light(texels, table, sides, rotation);
  const Radiance out{diffuse.data(), specular.data()};
  const nb::gil_scoped_release unlocked;
  shade_forward(points, light, out, num_threads);
}

void shade_backward_py(Array<2> albedo, Array<1> roughness, Array<1> reflectance, Array<2> normal,
                       Array<1> occlusion, Array<2> to_camera, Array<2> texels, Array<3> table,
                       std::vector<int> sides, double rotation, Array<2> g_diffuse,
                       Array<2> g_specular, Array<2> out_albedo, Array<1> out_roughness,
                       Array<1> out_reflectance, Array<2> out_normal, Array<1> out_occlusion,
                       Array<2> out_to_camera, Array<2> out_texels, int num_threads) {
  const SurfacePoints points =
      view_points(albedo, roughness, reflectance, normal, occlusion, to_camera);
  const LightMaps light = view_light(texels, table, sides, rotation);
  const Radiance gradient{g_diffuse.data(), g_specular.data()};
  const SurfaceGradients out{out_albedo.data(),      out_roughness.data(),
                             out_reflectance.data(), out_normal.data(),
                             points.occlusion ? out_occlusion.data() : nullptr,
                             out_to_camera.data()};
  float* into = out_texels.shape(0) > 0 ? out_texels.data() : nullptr;
  const nb::gil_scoped_release unlocked;
  shade_backward(points, light, gradient, out, into, num_threads);
}

// `columns` are the first of albedo, roughness, reflectance, normal and exposure.
MaterialPicture view_picture(const Array<3>& sums, const Array<2>& alpha, const Array<2>& view,
                             const Array<2>& intrinsics, const std::vector<int>& columns) {
  MaterialPicture picture{};
  picture.height = static_cast<int>(sums.shape(0));
  picture.width = static_cast<int>(sums.shape(1));
  picture.num_channels = static_cast<int>(sums.shape(2));
  picture.sums = sums.data();
  picture.alpha = alpha.data();
  constexpr int kWidths[5] = {3, 1, 1, 3, 3};
  int* const places[5] = {&picture.albedo, &picture.roughness, &picture.reflectance,
                          &picture.normal, &picture.exposure};
  if (columns.size() != 5) throw std::invalid_argument("a picture has five materials");
  for (int i = 0; i < 5; ++i) {
    if (columns[i] < 0 || columns[i] + kWidths[i] > picture.num_channels)
      throw std::invalid_argument("a material lies outside the picture's channels");
    *places[i] = columns[i];
  }
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) picture.rotation[i][j] = view.data()[4 * i + j];
  for (int axis = 0; axis < 2; ++axis) {
    picture.focal[axis] = intrinsics.data()[4 * axis];
    picture.center[axis] = intrinsics.data()[3 * axis + 2];
  }
  return picture;
}

void shade_picture_py(Array<3> sums, Array<2> alpha, Array<2> view, Array<2> intrinsics,
                      std::vector<int> columns, Array<2> texels, Array<3> table,
                      std::vector<int> sides, double rotation, Array<3> image, int num_threads) {
  const MaterialPicture picture = view_picture(sums, alpha, view, intrinsics, columns);
  const LightMaps light = view_light(texels, table, sides, rotation);
  const nb::gil_scoped_release unlocked;
  shade_picture(picture, light, image.data(), num_threads);
}

void shade_picture_backward_py(Array<3> sums, Array<2> alpha, Array<2> view, Array<2> intrinsics,
                               std::vector<int> columns, Array<2> texels, Array<3> table,
                               std::vector<int> sides, double rotation, Array<3> g_image,
                               Array<3> g_sums, Array<2> g_alpha, Array<2> g_texels,
                               int num_threads) {
  const MaterialPicture picture = view_picture(sums, alpha, view, intrinsics, columns);
  const LightMaps light = view_light(texels, table, sides, rotation);
  float* into = g_texels.shape(0) > 0 ? g_texels.data() : nullptr;
  const nb::gil_scoped_release unlocked;
  shade_picture_backward(picture, light, g_image.data(), g_sums.data(), g_alpha.data(), into,
                         num_threads);
}

}  // namespace
}  // namespace incarnate

NB_MODULE(_kernel, m) {
  m.doc() = "Compiled splat rasterizer; incarnate.splats.native gives it to torch.";
  m.def("instruction_set", [] { return incarnate::stages().name; });
  m.def("project_forward", incarnate::project_forward_py);
  m.def("project_backward", incarnate::project_backward_py);
  m.def("plan", incarnate::plan_py);
  m.def("blend_forward", incarnate::blend_forward_py);
  m.def("blend_backward", incarnate::blend_backward_py);
  m.def("compare_pictures", incarnate::compare_pictures_py);
  m.def("combine_gradients", incarnate::combine_gradients_py);
  m.def("shade_forward", incarnate::shade_forward_py);
  m.def("shade_backward", incarnate::shade_backward_py);
  m.def("shade_picture", incarnate::shade_picture_py);
  m.def("shade_picture_backward", incarnate::shade_picture_backward_py);
}
