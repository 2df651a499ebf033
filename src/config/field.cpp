#include "config/field.h"

#include <cmath>
#include <limits>

namespace slovo {
namespace {

std::string plain(double value) {
  std::ostringstream out;
  out.precision(12);
  out << value;
  return out.str();
}

/// "a number", "a number > 0", "a number from 0 to 1".
std::string with_range(const std::string& kind, const Range& range) {
  const std::string text = range.text();
  if (text.empty()) return kind;
  return cat(kind, std::isfinite(range.low) && std::isfinite(range.high) ? " from " : " ", text);
}

}  // namespace

std::string Range::text() const {
  const bool has_low = std::isfinite(low);
  const bool has_high = std::isfinite(high);
  if (has_low && has_high) return cat(plain(low), " to ", plain(high));
  if (has_low) return cat(low_open ? "> " : ">= ", plain(low));
  if (has_high) return cat("<= ", plain(high));
  return "";
}

bool Range::contains(double value) const {
  return std::isfinite(value) && value <= high && (low_open ? value > low : value >= low);
}

Range any_number() { return {}; }
Range at_least(double low) { return {.low = low}; }
Range above(double low) { return {.low = low, .low_open = true}; }
Range between(double low, double high) { return {.low = low, .high = high}; }

namespace detail {

std::string wrong(const Json& json, const std::string& allowed) {
  std::string found = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (found.size() > 60) found = found.substr(0, 57) + "...";
  return cat("is ", found, "; must be ", allowed);
}

std::string assign_integer(const Json& json, const Range& range, int64_t& out) {
  const std::string allowed = with_range("an integer", range);
  const bool whole =
      json.is_number_integer() ||
      (json.is_number_float() && std::floor(json.get<double>()) == json.get<double>() &&
       std::abs(json.get<double>()) < 9e15);
  const bool fits = whole && (!json.is_number_unsigned() ||
                              json.get<uint64_t>() <= std::numeric_limits<int64_t>::max());
  if (!fits) return wrong(json, allowed);
  const auto value =
      json.is_number_float() ? static_cast<int64_t>(json.get<double>()) : json.get<int64_t>();
  if (!range.contains(static_cast<double>(value))) return wrong(json, allowed);
  out = value;
  return "";
}

std::string assign_number(const Json& json, const Range& range, double& out) {
  const std::string allowed = with_range("a number", range);
  if (!json.is_number() || !range.contains(json.get<double>())) return wrong(json, allowed);
  out = json.get<double>();
  return "";
}

std::string assign_string(const Json& json, std::string& out) {
  if (!json.is_string()) return wrong(json, "a string");
  out = json.get<std::string>();
  return "";
}

std::string assign_bool(const Json& json, bool& out) {
  if (!json.is_boolean()) return wrong(json, "true or false");
  out = json.get<bool>();
  return "";
}

}  // namespace detail
}  // namespace slovo
