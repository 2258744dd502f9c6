// Mean absolute error and structural similarity (SSIM) of two pictures, with gradients.
//
// The windows are 11×11 Gaussians of σ 1.5 that lie inside the picture (Wang et al. 2004). A
// picture's row is taken as it lies in memory, red, green, blue, red, …: a step of one pixel is a
// step of three floats, so that no plane has to be split off.
#pragma once

#include <cstdint>

namespace incarnate {

constexpr int kSsimWindow = 11;
constexpr int kColors = 3;
// Floats that the windows of a row need beyond their own first ones.
constexpr int kSsimReach = (kSsimWindow - 1) * kColors;
// A scratch row has room for that, and for whole vectors at its end.
constexpr int kSsimMargin = kSsimReach + 16;
constexpr int kSsimScratchRows = 11;

struct PicturePair {
  const float* image;   // (height, width, 3), display-encoded
  const float* target;  // (height, width, 3)
  int height;
  int width;

  int row_length() const { return width * kColors; }
  int window_rows() const { return height - kSsimWindow + 1; }
  int window_length() const { return row_length() - kSsimReach; }
};

struct PictureLosses {
  double l1;    // mean over pixels and colours
  double ssim;  // mean over windows and colours
};

// One row of windows: returns the sum of their SSIM. Where `spread` is given, (3, row_length), it
// receives the derivatives of that sum, each spread along the row over the pixels of its windows:
// by the window's mean of x, of x² + y², and of x·y, for x the image and y the target less ½.
// `scratch` is (kSsimScratchRows, row_length + kSsimMargin).
using SsimRow = double (*)(const PicturePair&, int row, float* scratch, float* spread);

// One row of pixels: gathers the windows' derivatives down the columns into `gradient`,
// (row_length), of the sum of SSIM by the image. `spread` is (window_rows, 3, row_length).
using SsimGradientRow = void (*)(const PicturePair&, int row, const float* spread, float* gradient);

// The sum of a row's absolute differences.
using L1Row = double (*)(const PicturePair&, int row);

// gradient = l1_weight · sign(image − target) + ssim_weight · ssim_gradient for one row.
using LossGradientRow = void (*)(const PicturePair&, const float* ssim_gradient,
                                 const float weights[2], int row, float* gradient);

// Both sides are at least kSsimWindow pixels. `ssim_gradient` receives the derivative of the summed
// SSIM by the image, (height, width, 3); it may be null.
PictureLosses compare_pictures(const PicturePair& pair, float* ssim_gradient, int num_threads);

void combine_gradients(const PicturePair& pair, const float* ssim_gradient, float l1_weight,
                       float ssim_weight, float* gradient, int num_threads);

}  // namespace incarnate
