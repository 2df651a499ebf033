#include "core/json.h"
#include "testing.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

TEST(JsonText, SyntaxErrorsNameFileLineAndColumn) {
  const std::string message =
      error_of([] { parse_json("{\n  \"a\": 1,\n  \"b\": }\n", "x.json"); }, ErrorCode::data);
  EXPECT_TRUE(contains(message, "x.json: line 3, column 8"));
  EXPECT_TRUE(contains(message, "not valid JSON"));
}

TEST(JsonText, RepeatedKeysAreRefusedPerObject) {
  EXPECT_TRUE(contains(
      error_of([] { parse_json(R"({"a": 1, "b": {"a": 2}, "a": 3})", "x.json"); }, ErrorCode::data),
      "key \"a\" is given twice"));
  EXPECT_EQ(2, parse_json(R"([{"a": 1}, {"a": 2}])", "x.json")[1]["a"]);
}

TEST(JsonText, CommentsOnlyWhereAllowed) {
  const char* text = "{ // a comment\n \"a\": 1 /* another */ }";
  EXPECT_EQ(1, parse_json(text, "x.json", JsonComments::allow)["a"]);
  EXPECT_TRUE(contains(error_of([&] { parse_json(text, "x.json"); }), "line 1"));
}

TEST(JsonFile, KeepsTheOrderOfKeys) {
  const testing::TempFolder folder;
  write_json(folder.path() / "a.json", {{"z", 1}, {"a", 2}});
  EXPECT_EQ("{\n  \"z\": 1,\n  \"a\": 2\n}\n", read_file(folder.path() / "a.json"));
  EXPECT_EQ("z", read_json(folder.path() / "a.json").begin().key());
}

TEST(JsonFile, AMissingFileIsNamed) {
  EXPECT_TRUE(contains(error_of([] { read_json("/nowhere/x.json"); }, ErrorCode::data),
                       "/nowhere/x.json: cannot open"));
}

}  // namespace
}  // namespace slovo
