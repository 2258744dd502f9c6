#include "bin/candidates.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "constants.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

constexpr float kHalfLog2E = 0.72134752044448170f;
// Widens every ellipse by a hair, so that rounding never loses a pixel that blending would keep.
constexpr float kReachSlack = 1e-3f;

bool all_finite(const float* values, int count) {
  uint32_t largest = 0;
  for (int i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    largest = std::max(largest, bits & 0x7fffffffu);
  }
  return largest < 0x7f800000u;
}

// Fills in the candidate of splat i; false if it can touch no pixel.
bool make_candidate(const ProjectedSplats& all, int64_t i, int width, int height, Candidate& out) {
  const float opacity = all.opacities[i], depth = all.depths[i];
  const float a = all.conics[3 * i], b = all.conics[3 * i + 1], c = all.conics[3 * i + 2];
  const float x = all.means[2 * i], y = all.means[2 * i + 1];
  // In double the determinant of two rounded products is exact enough for needles.
  const double determinant = static_cast<double>(a) * c - static_cast<double>(b) * b;
  // Written so that a NaN anywhere fails.
  if (!(opacity >= kAlphaCut && opacity <= 1.0f && depth > kNearPlane)) return false;
  if (!(a > 0.0f && determinant > 0.0 && std::isfinite(a + c) && std::isfinite(x + y + depth)))
    return false;

  Splat2D& splat = out.splat;
  splat.slope = std::sqrt(kHalfLog2E * a);
  splat.inverse_slope = 1.0f / splat.slope;
  splat.shear = kHalfLog2E * b * splat.inverse_slope;
  splat.fall = static_cast<float>(std::sqrt(kHalfLog2E * determinant / a));
  splat.log_opacity = std::log2(opacity);
  splat.x = x;
  splat.y = y;
  splat.index = static_cast<uint32_t>(i);

  out.squared_reach = splat.log_opacity - kLog2AlphaCut + kReachSlack;
  const float reach = std::sqrt(out.squared_reach);
  const float lean = splat.shear / splat.fall;
  const float stretch = std::sqrt(1.0f + lean * lean);
  out.half_height = reach / splat.fall;
  out.half_width = reach * stretch * splat.inverse_slope;
  out.dy_rightmost = -out.half_height * lean / stretch;
  if (!std::isfinite(out.half_width + out.half_height + out.dy_rightmost)) return false;
  return x + out.half_width > 0.0f && x - out.half_width < static_cast<float>(width) &&
         y + out.half_height > 0.0f && y - out.half_height < static_cast<float>(height) &&
         all_finite(all.features + i * all.num_features, all.num_features);
}

}  // namespace

Candidates find_candidates(const ProjectedSplats& all, int width, int height, int num_threads) {
  Candidates found;
  // Not a vector, which would clear 64 bytes a splat first.
  found.splats.reset(new Candidate[all.count]);
  std::vector<uint32_t> keys(all.count);
  found.order.resize(all.count);
  const int64_t num_chunks = std::max(1, num_threads);
  const auto begin_of = [&](int64_t chunk) { return all.count * chunk / num_chunks; };
  std::vector<int64_t> ends(num_chunks);
  parallel_for(num_threads, static_cast<int>(num_chunks), [&](int chunk) {
    int64_t place = begin_of(chunk);
    for (int64_t i = place; i < begin_of(chunk + 1); ++i) {
      if (!make_candidate(all, i, width, height, found.splats[place])) continue;
      // Depths are positive, so their bits sort as they do.
      std::memcpy(&keys[place], &all.depths[i], sizeof(float));
      found.order[place] = static_cast<uint32_t>(place);
      ++place;
    }
    ends[chunk] = place;
  });
  int64_t count = 0;
  for (int64_t chunk = 0; chunk < num_chunks; ++chunk) {
    const int64_t begin = begin_of(chunk), size = ends[chunk] - begin;
    std::copy_n(keys.begin() + begin, size, keys.begin() + count);
    std::copy_n(found.order.begin() + begin, size, found.order.begin() + count);
    count += size;
  }
  keys.resize(count);
  found.order.resize(count);
  radix_sort(keys, found.order);
  return found;
}

void radix_sort(std::vector<uint32_t>& keys, std::vector<uint32_t>& values) {
  constexpr int kPasses = 3, kBits = 11;
  constexpr uint32_t kBins = 1u << kBits;
  const size_t count = keys.size();
  std::vector<uint32_t> next(kPasses * kBins, 0), other_keys(count), other_values(count);
  for (const uint32_t key : keys) {
    for (int pass = 0; pass < kPasses; ++pass)
      ++next[pass * kBins + (key >> pass * kBits) % kBins];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    uint32_t* place = next.data() + pass * kBins;
    uint32_t total = 0;
    for (uint32_t bin = 0; bin < kBins; ++bin) {
      const uint32_t size = place[bin];
      place[bin] = total;
      total += size;
    }
    for (size_t i = 0; i < count; ++i) {
      const uint32_t to = place[(keys[i] >> pass * kBits) % kBins]++;
      other_keys[to] = keys[i];
      other_values[to] = values[i];
    }
    keys.swap(other_keys);
    values.swap(other_values);
  }
}

}  // namespace incarnate
