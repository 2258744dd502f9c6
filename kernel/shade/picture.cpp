#include "shade/picture.h"

#include <algorithm>

#include "constants.h"
#include "shade/texels.h"
#include "simd/stages.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

constexpr int kLanes = 8, kRowsPerItem = 8;

// Calls work(pixels, count) for the covered pixels of some rows, eight at a time.
template <typename Work>
void for_covered(const MaterialPicture& picture, int first_row, int end_row, const Work& work) {
  int32_t pixels[kLanes];
  int count = 0;
  for (int32_t pixel = first_row * picture.width; pixel < end_row * picture.width; ++pixel) {
    if (!(picture.alpha[pixel] > kAlphaCut)) continue;
    pixels[count++] = pixel;
    if (count < kLanes) continue;
    work(pixels, count);
    count = 0;
  }
  if (count > 0) work(pixels, count);
}

void clear_rows(float* values, int64_t row_length, int first_row, int end_row) {
  std::fill(values + first_row * row_length, values + end_row * row_length, 0.0f);
}

}  // namespace

void shade_picture(const MaterialPicture& picture, LightMaps light, float* image,
                   int num_threads) {
  const std::vector<float> texels = padded_texels(light.texels, light.num_texels);
  light.texels = texels.data();
  const int num_items = (picture.height + kRowsPerItem - 1) / kRowsPerItem;
  parallel_for(num_threads, num_items, [&](int item) {
    const int first = item * kRowsPerItem, end = std::min(first + kRowsPerItem, picture.height);
    clear_rows(image, 3 * picture.width, first, end);
    for_covered(picture, first, end, [&](const int32_t* pixels, int count) {
      stages().shade_pixels(picture, light, pixels, count, image);
    });
  });
}

void shade_picture_backward(const MaterialPicture& picture, LightMaps light, const float* g_image,
                            float* g_sums, float* g_alpha, float* g_texels, int num_threads) {
  const std::vector<float> texels = padded_texels(light.texels, light.num_texels);
  light.texels = texels.data();
  TexelSums sums(light.num_texels, g_texels != nullptr);
  parallel_for(num_threads, kTexelShares, [&](int share) {
    // Interleaved rows: a subject in the middle is then shared out evenly.
    for (int row = share; row < picture.height; row += kTexelShares) {
      clear_rows(g_sums, static_cast<int64_t>(picture.width) * picture.num_channels, row, row + 1);
      clear_rows(g_alpha, picture.width, row, row + 1);
      for_covered(picture, row, row + 1, [&](const int32_t* pixels, int count) {
        stages().shade_pixels_backward(picture, light, pixels, count, g_image, g_sums, g_alpha,
                                       sums.of(share));
      });
    }
  });
  if (g_texels) sums.total(g_texels);
}

}  // namespace incarnate
