// How attention is cut into blocks of queries and keys, and which part of a block its rows see:
// causal, and within a window where there is one. Rows and keys are worked on in tiles, so what a
// tile reads beside what a row sees must hold zeros; from where to where, this says too.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/attention.h"

namespace slovo::kernels {

/// Sizes of blocks and of the tiles in them; blocks are whole tiles both ways.
struct BlockSizes {
  size_t queries, keys;
  size_t tile_rows, tile_columns;
};

/// Queries [q0, q0 + count) against keys [k0, k0 + sizes.keys); `next` moves on to later keys.
struct AttentionBlock {
  BlockSizes sizes;
  size_t q0, count, window;
  size_t begin, k0;

  /// The first block of the queries from `q0` on: keys before it are outside all their windows.
  AttentionBlock(const AttentionItem& item, size_t first_query, const BlockSizes& s)
      : sizes(s),
        q0(first_query),
        count(std::min(s.queries, static_cast<size_t>(item.length) - first_query)),
        window(item.window > 0 ? static_cast<size_t>(item.window)
                               : static_cast<size_t>(item.length)),
        begin(q0 < window ? 0 : (q0 + 1 - window) / s.tile_columns * s.tile_columns),
        k0(begin) {}

  bool more() const { return k0 < q0 + count; }
  void next() { k0 += sizes.keys; }
  bool first() const { return k0 == begin; }

  /// Keys of this block up to the last that query row r (counted from q0) sees; none behind the
  /// last row.
  size_t seen(size_t r) const {
    const size_t keys = q0 + r + 1;
    return r >= count || keys <= k0 ? 0 : std::min(keys - k0, sizes.keys);
  }
  /// Keys of this block that lie before row r's window.
  size_t unseen(size_t r) const {
    const size_t keys = q0 + r + 1;
    return keys <= window + k0 ? 0 : std::min(keys - window - k0, sizes.keys);
  }
  /// Row r is read from here on: by tiles of rows, of which an earlier one may see more, and by
  /// tiles of keys.
  size_t read_from(size_t r) const {
    const size_t past = unseen(r);
    return past <= sizes.tile_rows
               ? 0
               : (past - sizes.tile_rows) / sizes.tile_columns * sizes.tile_columns;
  }

  /// The keys that any query of the tile starting at row r sees, from a whole tile of keys on.
  size_t tile_begin(size_t r) const { return unseen(r) / sizes.tile_columns * sizes.tile_columns; }
  size_t tile_end(size_t r) const { return seen(std::min(r + sizes.tile_rows, count) - 1); }
  size_t tile_keys(size_t r) const {
    return tile_end(r) > tile_begin(r) ? tile_end(r) - tile_begin(r) : 0;
  }

  /// The query rows that see any key of the tile of `tile_rows` keys starting at key j.
  size_t rows_begin(size_t j) const { return k0 + j > q0 ? k0 + j - q0 : 0; }
  size_t rows_end(size_t j) const {
    const size_t end = k0 + j + sizes.tile_rows - 1 + window;
    return end > q0 ? std::min(count, end - q0) : 0;
  }
  /// The keys that any row sees, from a whole tile of `tile_rows` keys on.
  size_t keys_begin() const { return unseen(0) / sizes.tile_rows * sizes.tile_rows; }
  size_t keys_end() const { return seen(count - 1); }
};

}  // namespace slovo::kernels
