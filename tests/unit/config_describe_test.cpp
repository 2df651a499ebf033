#include "config/describe.h"
#include "config/load.h"
#include "testing.h"

namespace slovo {
namespace {

TEST(ConfigDescribe, ReadmeIsCurrent) {
  const auto path = testing::source_path("configs/README.md");
  if (std::getenv("SLOVO_UPDATE") != nullptr) write_file(path, describe_settings());
  EXPECT_EQ(describe_settings(), read_file(path))
      << "run the unit tests with SLOVO_UPDATE=1 to write it anew";
}

TEST(ConfigDescribe, EveryExampleConfigIsLegal) {
  int examples = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(testing::source_path("configs"))) {
    if (entry.path().extension() != ".json") continue;
    ++examples;
    ConfigBuilder builder;
    builder.apply_file(entry.path());
    EXPECT_NO_THROW(builder.finish(config_sections()));
  }
  EXPECT_GT(examples, 0);
}

}  // namespace
}  // namespace slovo
