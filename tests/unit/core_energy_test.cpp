#include "core/energy.h"
#include "core/files.h"
#include "testing.h"

namespace slovo {
namespace {

/// A folder of meters as Linux shows them.
class Meters {
 public:
  void set(const std::string& zone, const std::string& name, long long microjoules) {
    make_folder(folder_.path() / zone);
    write_file(folder_.path() / zone / "name", name + "\n");
    write_file(folder_.path() / zone / "energy_uj", std::to_string(microjoules) + "\n");
    write_file(folder_.path() / zone / "max_energy_range_uj", "262143328850\n");
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  testing::TempFolder folder_;
};

TEST(EnergyMeter, AddsUpPackagesAndLeavesTheirPartsOut) {
  Meters meters;
  meters.set("intel-rapl:0", "package-0", 1000000);
  meters.set("intel-rapl:0:0", "core", 500);
  meters.set("intel-rapl:1", "package-1", 0);
  meters.set("intel-rapl:2", "psys", 0);
  const EnergyMeter meter(meters.path());
  EXPECT_EQ(meter.joules(), 0);
  meters.set("intel-rapl:0", "package-0", 4000000);
  meters.set("intel-rapl:0:0", "core", 9000000);
  meters.set("intel-rapl:1", "package-1", 500000);
  meters.set("intel-rapl:2", "psys", 9000000);
  EXPECT_EQ(meter.joules(), 3.5);
}

TEST(EnergyMeter, CountersMayOverflow) {
  Meters meters;
  meters.set("intel-rapl:0", "package-0", 262143328850 - 1000000);
  const EnergyMeter meter(meters.path());
  meters.set("intel-rapl:0", "package-0", 2000000);
  EXPECT_EQ(meter.joules(), 3);
}

TEST(EnergyMeter, WhereThereIsNoneItSaysSo) {
  EXPECT_FALSE(EnergyMeter("/nowhere").joules().has_value());
  Meters meters;
  make_folder(meters.path() / "dtpm");
  EXPECT_FALSE(EnergyMeter(meters.path()).joules().has_value());
}

}  // namespace
}  // namespace slovo
