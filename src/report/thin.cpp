#include "report/thin.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slovo {
namespace {

/// Rows `begin` to `end`: which of them are kept, and the mean of them all.
struct Stretch {
  std::vector<size_t> kept;
  double mean = std::numeric_limits<double>::quiet_NaN();
};

Stretch look_at(const std::vector<double>& values, size_t begin, size_t end) {
  Stretch out;
  size_t least = end, greatest = end, gap = end, finite = 0;
  double sum = 0;
  for (size_t i = begin; i < end; ++i) {
    if (std::isnan(values[i])) {
      gap = i;
      continue;
    }
    if (least == end || values[i] < values[least]) least = i;
    if (greatest == end || values[i] > values[greatest]) greatest = i;
    sum += values[i];
    ++finite;
  }
  for (const size_t i : {least, greatest, gap}) {
    if (i != end) out.kept.push_back(i);
  }
  if (begin == 0) out.kept.push_back(0);
  if (end == values.size()) out.kept.push_back(end - 1);
  std::sort(out.kept.begin(), out.kept.end());
  out.kept.erase(std::unique(out.kept.begin(), out.kept.end()), out.kept.end());
  if (finite > 0) out.mean = sum / static_cast<double>(finite);
  return out;
}

}  // namespace

ThinSeries thin(const Series& series, size_t most) {
  const std::vector<double>& values = series.values;
  if (values.size() <= most) return {series, {}};
  const bool gaps =
      std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); });
  const size_t stretches = (most - 2) / (gaps ? 3 : 2);
  ThinSeries out;
  out.series.name = series.name;
  for (size_t s = 0; s < stretches; ++s) {
    const Stretch stretch =
        look_at(values, s * values.size() / stretches, (s + 1) * values.size() / stretches);
    for (const size_t i : stretch.kept) {
      out.series.steps.push_back(series.steps[i]);
      out.series.tokens.push_back(series.tokens[i]);
      out.series.seconds.push_back(series.seconds[i]);
      out.series.values.push_back(values[i]);
      out.means.push_back(stretch.mean);
    }
  }
  return out;
}

}  // namespace slovo
