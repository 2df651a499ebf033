// Where documents lie in the rows of a [B,T] batch: attention, positions and recurrent state stay inside one.
#pragma once

#include <cstdint>
#include <vector>

namespace slovo {

/// Consecutive documents of the flattened [B*T] tokens. Documents never cross a row.
struct Segments {
  int64_t batch = 0;              ///< B
  int64_t length = 0;             ///< T
  std::vector<int32_t> offsets;   ///< starts of the documents, 0 first, B*T last; every row start is one

  /// Each of the B rows is one document.
  static Segments rows(int64_t batch, int64_t length);
  /// True when no row holds more than one document.
  bool whole_rows() const { return static_cast<int64_t>(offsets.size()) == batch + 1; }
};

}  // namespace slovo
