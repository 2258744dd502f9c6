#include "bin/plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "bin/candidates.h"
#include "threads/pool.h"

namespace incarnate {
namespace {

struct Header {
  uint64_t magic;
  int64_t num_splats;
  int64_t num_entries;
  int32_t width;
  int32_t height;
};
// Candidates are visited in depth order, which jumps through memory: they are fetched this early.
constexpr int64_t kAhead = 12;
constexpr uint64_t kMagic = 0x6e616c7070736e69;

// Where each array lies in a plan's bytes.
struct Layout {
  int64_t splats, first_slot, tile_begin, ranks, position_of, size;
};

Layout layout_of(int64_t num_splats, int64_t num_tiles, int64_t num_entries) {
  Layout at;
  at.splats = 64;
  at.first_slot = at.splats + num_splats * static_cast<int64_t>(sizeof(Splat2D));
  at.tile_begin = at.first_slot + 4 * (num_splats + 1);
  at.ranks = at.tile_begin + 4 * (num_tiles + 1);
  at.position_of = at.ranks + 4 * num_entries;
  at.size = at.position_of + 4 * num_entries;
  return at;
}

// The entries of a run of consecutive ranks, before they are handed out to the tiles.
struct Run {
  int64_t begin, end;            // ranks
  std::vector<uint32_t> tiles;   // tile of each entry, by slot
  std::vector<uint32_t> counts;  // of entries, by rank
  std::vector<uint32_t> cursor;  // by tile: first a count, then the next free position
  int64_t num_entries = 0;
};

class TileLister {
 public:
  TileLister(int width, int height)
      : across_((width + kTileSize - 1) / kTileSize), down_((height + kTileSize - 1) / kTileSize) {}

  int num_tiles() const { return across_ * down_; }

  // Appends the tiles that hold a pixel centre of the candidate's ellipse, row by row.
  void list(const Candidate& it, Run& run) const {
    const float x = it.splat.x - 0.5f, y = it.splat.y - 0.5f;
    const int top = tile_of(y - it.half_height, down_), bottom = tile_of(y + it.half_height, down_);
    const int left = tile_of(x - it.half_width, across_);
    const int right = tile_of(x + it.half_width, across_);
    reserve(run, static_cast<int64_t>(bottom - top + 1) * (right - left + 1));
    // In one row or one column of tiles the bounding box is already nearly exact.
    const bool is_small = top == bottom || left == right;
    // Local copies: what is written here could otherwise alias them.
    uint32_t* next = run.tiles.data() + run.num_entries;
    uint32_t* const counts = run.cursor.data();
    for (int row = top; row <= bottom; ++row) {
      int first = left, last = right;
      if (!is_small) {
        const Span span = span_in_row(it, row * kTileSize - y);
        first = std::max(left, tile_of(x + span.left, across_));
        last = std::min(right, tile_of(x + span.right, across_));
      }
      for (int tile = row * across_ + first; tile <= row * across_ + last; ++tile) {
        *next++ = static_cast<uint32_t>(tile);
        ++counts[tile];
      }
    }
    run.num_entries = next - run.tiles.data();
  }

 private:
  struct Span {
    float left, right;
  };

  static int tile_of(float pixel, int count) {
    const float tile = pixel * (1.0f / kTileSize);
    return static_cast<int>(std::min(std::max(tile, 0.0f), static_cast<float>(count - 1)));
  }

  // The x-interval, relative to the centre, of the ellipse between the pixel centres of the first
  // and the last pixel row of a tile row that begins at dy.
  static Span span_in_row(const Candidate& it, float dy) {
    const float from = std::max(dy, -it.half_height);
    const float to = std::min(dy + kTileSize - 1, it.half_height);
    const Span a = chord(it, from), b = chord(it, to);
    Span span{std::min(a.left, b.left), std::max(a.right, b.right)};
    if (from <= it.dy_rightmost && it.dy_rightmost <= to) span.right = it.half_width;
    if (from <= -it.dy_rightmost && -it.dy_rightmost <= to) span.left = -it.half_width;
    return span;
  }

  static Span chord(const Candidate& it, float dy) {
    const float fall = it.splat.fall * dy;
    const float half = std::sqrt(std::max(0.0f, it.squared_reach - fall * fall));
    const float shift = it.splat.shear * dy;
    return {(-half - shift) * it.splat.inverse_slope, (half - shift) * it.splat.inverse_slope};
  }

  static void reserve(Run& run, int64_t more) {
    const int64_t needed = run.num_entries + more;
    if (needed > static_cast<int64_t>(run.tiles.size())) run.tiles.resize(2 * needed);
  }

  int across_, down_;
};

// Turns the runs' counts into positions; returns the number of entries.
int64_t assign_positions(std::vector<Run>& runs, int num_tiles, std::vector<uint32_t>& tile_begin) {
  int64_t total = 0;
  for (const Run& run : runs) total += run.num_entries;
  if (total > INT32_MAX)
    throw std::runtime_error("these splats cover more than 2^31 tiles together; shrink them");
  uint32_t next = 0;
  for (int tile = 0; tile < num_tiles; ++tile) {
    tile_begin[tile] = next;
    for (Run& run : runs) {
      const uint32_t count = run.cursor[tile];
      run.cursor[tile] = next;
      next += count;
    }
  }
  tile_begin[num_tiles] = next;
  return total;
}

template <typename T>
T* array_at(uint8_t* bytes, int64_t offset) {
  return reinterpret_cast<T*>(bytes + offset);
}

}  // namespace

PlanBytes make_plan(const ProjectedSplats& all, int width, int height, int num_threads) {
  const Candidates found = find_candidates(all, width, height, num_threads);
  const TileLister lister(width, height);
  const int64_t num_splats = found.count;
  const int num_tiles = lister.num_tiles();

  std::vector<Run> runs(std::max(1, num_threads));
  const int num_runs = static_cast<int>(runs.size());
  parallel_for(num_threads, num_runs, [&](int r) {
    Run& run = runs[r];
    run.begin = num_splats * r / num_runs;
    run.end = num_splats * (r + 1) / num_runs;
    run.cursor.assign(num_tiles, 0);
    run.counts.resize(run.end - run.begin);
    run.tiles.resize(4 * (run.end - run.begin));
    for (int64_t rank = run.begin; rank < run.end; ++rank) {
      if (rank + kAhead < run.end) __builtin_prefetch(&found.splats[found.order[rank + kAhead]]);
      const int64_t before = run.num_entries;
      lister.list(found.splats[found.order[rank]], run);
      run.counts[rank - run.begin] = static_cast<uint32_t>(run.num_entries - before);
    }
  });
  std::vector<uint32_t> tile_begin(num_tiles + 1);
  const int64_t num_entries = assign_positions(runs, num_tiles, tile_begin);

  const Layout at = layout_of(num_splats, num_tiles, num_entries);
  PlanBytes plan(at.size);
  uint8_t* bytes = plan.bytes.get();
  *array_at<Header>(bytes, 0) = {kMagic, num_splats, num_entries, width, height};
  std::copy(tile_begin.begin(), tile_begin.end(), array_at<uint32_t>(bytes, at.tile_begin));
  std::vector<uint32_t> slot_of_run(num_runs, 0);
  for (int r = 1; r < num_runs; ++r)
    slot_of_run[r] = slot_of_run[r - 1] + static_cast<uint32_t>(runs[r - 1].num_entries);
  array_at<uint32_t>(bytes, at.first_slot)[num_splats] = static_cast<uint32_t>(num_entries);

  parallel_for(num_threads, num_runs, [&](int r) {
    Run& run = runs[r];
    auto* splats = array_at<Splat2D>(bytes, at.splats);
    auto* first_slot = array_at<uint32_t>(bytes, at.first_slot);
    auto* ranks = array_at<uint32_t>(bytes, at.ranks);
    auto* position_of = array_at<uint32_t>(bytes, at.position_of) + slot_of_run[r];
    uint32_t local = 0;
    for (int64_t rank = run.begin; rank < run.end; ++rank) {
      if (rank + kAhead < run.end) __builtin_prefetch(&found.splats[found.order[rank + kAhead]]);
      splats[rank] = found.splats[found.order[rank]].splat;
      first_slot[rank] = slot_of_run[r] + local;
      for (uint32_t end = local + run.counts[rank - run.begin]; local < end; ++local) {
        const uint32_t position = run.cursor[run.tiles[local]]++;
        ranks[position] = static_cast<uint32_t>(rank);
        position_of[local] = position;
      }
    }
  });
  return plan;
}

PlanView view_plan(const uint8_t* bytes, int64_t size) {
  Header header;
  if (size < static_cast<int64_t>(sizeof header)) throw std::invalid_argument("not a plan");
  std::memcpy(&header, bytes, sizeof header);
  if (header.magic != kMagic) throw std::invalid_argument("not a plan");
  PlanView view{header.num_splats, header.num_entries, header.width, header.height,
                nullptr,           nullptr,            nullptr,      nullptr,
                nullptr};
  const Layout at = layout_of(header.num_splats, view.num_tiles(), header.num_entries);
  if (at.size != size) throw std::invalid_argument("not a plan");
  view.splats = reinterpret_cast<const Splat2D*>(bytes + at.splats);
  view.first_slot = reinterpret_cast<const uint32_t*>(bytes + at.first_slot);
  view.tile_begin = reinterpret_cast<const uint32_t*>(bytes + at.tile_begin);
  view.ranks = reinterpret_cast<const uint32_t*>(bytes + at.ranks);
  view.position_of = reinterpret_cast<const uint32_t*>(bytes + at.position_of);
  return view;
}

}  // namespace incarnate
