#include "core/energy.h"

#include <fstream>
#include <string>

namespace slovo {
namespace {

namespace fs = std::filesystem;

std::optional<double> read_number(const fs::path& path) {
  std::ifstream file(path);
  double value = 0;
  return file >> value ? std::optional(value) : std::nullopt;
}

/// A whole package, not a part of one, whose energy is in the package's.
bool is_package(const fs::path& zone) {
  std::ifstream file(zone / "name");
  std::string name;
  return file >> name && name.starts_with("package");
}

}  // namespace

EnergyMeter::EnergyMeter(const fs::path& zones) {
  std::error_code none;
  for (const auto& zone : fs::directory_iterator(zones, none)) {
    if (!is_package(zone.path())) continue;
    const fs::path path = zone.path() / "energy_uj";
    const auto start = read_number(path);
    const auto range = read_number(zone.path() / "max_energy_range_uj");
    if (start && range) counters_.push_back({path, *start, *range});
  }
}

std::optional<double> EnergyMeter::joules() const {
  if (counters_.empty()) return std::nullopt;
  double total = 0;
  for (const Counter& counter : counters_) {
    const auto now = read_number(counter.path);
    if (!now) return std::nullopt;
    total += *now - counter.start + (*now < counter.start ? counter.range : 0);
  }
  return total / 1e6;
}

}  // namespace slovo
