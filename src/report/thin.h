// Long series made short for a page, so that they look the same.
#pragma once

#include "report/run_data.h"

namespace slovo {

struct ThinSeries {
  Series series;
  /// For each point the mean of the rows it stands for, which a smoothed line is made of: the
  /// points are extremes. Empty when nothing was left out.
  std::vector<double> means;
};

/// At most `most` points (of at least 8): of each stretch of rows the least and the greatest value,
/// and one NaN where it has some; the first and the last row always.
ThinSeries thin(const Series& series, size_t most);

}  // namespace slovo
