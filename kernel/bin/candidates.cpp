#include "bin/candidates.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "constants.h"
#include "threads/pool.h"
#include "threads/scratch.h"

namespace incarnate {
namespace {

struct SortItem {
  uint32_t key, value;
};

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

// Writes the items' values to `order`, by key, smallest first and stable: a radix sort.
void sort_values(SortItem* items, int64_t count, uint32_t* order) {
  constexpr int kPasses = 3, kBits = 11;
  constexpr uint32_t kBins = 1u << kBits;
  auto* other = scratch<struct OtherItemRoom, SortItem>(count);
  std::vector<uint32_t> next(kPasses * kBins, 0);
  for (int64_t i = 0; i < count; ++i) {
    for (int pass = 0; pass < kPasses; ++pass)
      ++next[pass * kBins + (items[i].key >> pass * kBits) % kBins];
  }
  for (int pass = 0; pass < kPasses; ++pass) {
    uint32_t* place = next.data() + pass * kBins;
    uint32_t total = 0;
    for (uint32_t bin = 0; bin < kBins; ++bin) {
      const uint32_t size = place[bin];
      place[bin] = total;
      total += size;
    }
    for (int64_t i = 0; i < count; ++i) {
      const uint32_t to = place[(items[i].key >> pass * kBits) % kBins]++;
      if (pass == kPasses - 1)
        order[to] = items[i].value;
      else
        other[to] = items[i];
    }
    std::swap(items, other);
  }
}

}  // namespace

Candidates find_candidates(const ProjectedSplats& all, int width, int height, int num_threads) {
  auto* splats = scratch<struct CandidateRoom, Candidate>(all.count);
  auto* items = scratch<struct ItemRoom, SortItem>(all.count);
  const int64_t num_chunks = std::max(1, num_threads);
  const auto begin_of = [&](int64_t chunk) { return all.count * chunk / num_chunks; };
  std::vector<int64_t> ends(num_chunks);
  parallel_for(num_threads, static_cast<int>(num_chunks), [&](int chunk) {
    int64_t place = begin_of(chunk);
    for (int64_t i = place; i < begin_of(chunk + 1); ++i) {
      if (!make_candidate(all, i, width, height, splats[place])) continue;
      // Depths are positive, so their bits sort as they do.
      std::memcpy(&items[place].key, &all.depths[i], sizeof(float));
      items[place].value = static_cast<uint32_t>(place);
      ++place;
    }
    ends[chunk] = place;
  });
  int64_t count = 0;
  for (int64_t chunk = 0; chunk < num_chunks; ++chunk) {
    const int64_t begin = begin_of(chunk), size = ends[chunk] - begin;
    std::copy_n(items + begin, size, items + count);
    count += size;
  }
  auto* order = scratch<struct OrderRoom, uint32_t>(count);
  sort_values(items, count, order);
  return {splats, order, count};
}

}  // namespace incarnate
