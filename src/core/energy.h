// The electricity that processors use, by their own meters (RAPL), where the system lets them be
// read: on many machines root alone may, and virtual machines have none.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace slovo {

class EnergyMeter {
 public:
  /// Starts to count. `zones` is where Linux lists the meters.
  explicit EnergyMeter(const std::filesystem::path& zones = "/sys/class/powercap");
  /// Joules of all processor packages since then; nothing where there is no meter to read. Less
  /// than a minute apart: a counter may overflow once.
  std::optional<double> joules() const;

 private:
  struct Counter {
    std::filesystem::path path;
    double start, range;  ///< in microjoules
  };
  std::vector<Counter> counters_;
};

}  // namespace slovo
