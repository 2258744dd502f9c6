#include "image_loss/image_loss.h"

#include <algorithm>
#include <vector>

#include "simd/stages.h"
#include "threads/pool.h"
#include "threads/scratch.h"

namespace incarnate {
namespace {

constexpr int kRowsPerItem = 16;

// Calls work(first, end) for runs of rows.
template <typename Work>
void for_each_run(int num_rows, int num_threads, const Work& work) {
  parallel_for(num_threads, (num_rows + kRowsPerItem - 1) / kRowsPerItem, [&](int item) {
    work(item * kRowsPerItem, std::min((item + 1) * kRowsPerItem, num_rows));
  });
}

// Rows are summed in their order, whichever thread did which.
double sum(const std::vector<double>& rows) {
  double total = 0.0;
  for (const double row : rows) total += row;
  return total;
}

}  // namespace

PictureLosses compare_pictures(const PicturePair& pair, float* ssim_gradient, int num_threads) {
  const int64_t row_length = pair.row_length();
  const int64_t spread_length = 3 * row_length;
  float* spread = nullptr;
  if (ssim_gradient != nullptr)
    spread = scratch<struct SpreadRoom, float>(pair.window_rows() * spread_length);

  std::vector<double> similarities(pair.window_rows()), differences(pair.height);
  for_each_run(pair.window_rows(), num_threads, [&](int first, int end) {
    // Cleared, since vectors at the end of a row read a little beyond it.
    std::vector<float> scratch(kSsimScratchRows * (row_length + kSsimMargin));
    for (int row = first; row < end; ++row) {
      float* to = spread ? spread + row * spread_length : nullptr;
      similarities[row] = stages().ssim_row(pair, row, scratch.data(), to);
    }
  });
  for_each_run(pair.height, num_threads, [&](int first, int end) {
    for (int row = first; row < end; ++row) {
      differences[row] = stages().l1_row(pair, row);
      if (ssim_gradient != nullptr)
        stages().ssim_gradient_row(pair, row, spread, ssim_gradient + row * row_length);
    }
  });
  const double num_windows = static_cast<double>(pair.window_rows()) * pair.window_length();
  return {sum(differences) / (static_cast<double>(row_length) * pair.height),
          sum(similarities) / num_windows};
}

void combine_gradients(const PicturePair& pair, const float* ssim_gradient, float l1_weight,
                       float ssim_weight, float* gradient, int num_threads) {
  const double num_values = static_cast<double>(pair.row_length()) * pair.height;
  const double num_windows = static_cast<double>(pair.window_rows()) * pair.window_length();
  const float weights[2] = {static_cast<float>(l1_weight / num_values),
                            static_cast<float>(ssim_weight / num_windows)};
  for_each_run(pair.height, num_threads, [&](int first, int end) {
    for (int row = first; row < end; ++row)
      stages().loss_gradient_row(pair, ssim_gradient, weights, row, gradient);
  });
}

}  // namespace incarnate
