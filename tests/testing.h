// What tests of all levels share: temporary folders, shared data, error texts, and running the
// binary.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace slovo::testing {

/// A folder of its own for a test, removed at the end.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "slovo-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The path of `name` inside, as text for a command line.
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file inside (its folders too) and returns its path.
  std::string write(const std::string& name, std::string_view text) const {
    make_folder((path_ / name).parent_path());
    write_file(path_ / name, text);
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path source_path(const std::string& relative) {
  return std::filesystem::path(SLOVO_SOURCE_DIR) / relative;
}
inline std::filesystem::path fixture(const std::string& name) {
  return source_path("tests/fixtures/" + name);
}

/// A file of the shared data ($SLOVO_SHARED/data, default ../shared/data), if it is there.
inline std::optional<std::filesystem::path> shared_data(const std::string& relative) {
  const char* root = std::getenv("SLOVO_SHARED");
  const std::filesystem::path base =
      root != nullptr ? std::filesystem::path(root) : source_path("../shared");
  const std::filesystem::path path = base / "data" / relative;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

/// The text of the slovo::Error that `body` throws; a test failure when it throws none.
inline std::string error_of(const std::function<void()>& body,
                            std::optional<ErrorCode> code = std::nullopt) {
  try {
    body();
  } catch (const Error& error) {
    if (code) {
      EXPECT_EQ(*code, error.code()) << error.what();
    }
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

inline ::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << part << "\" is not in:\n" << text;
}

}  // namespace slovo::testing

/// Declares `variable`, the path of a shared data file; skips the test where it is absent.
#define SLOVO_SHARED_DATA(variable, relative)                                       \
  const auto variable##_found = ::slovo::testing::shared_data(relative);            \
  if (!variable##_found) GTEST_SKIP() << "shared data is not here: " << (relative); \
  const std::filesystem::path variable = *variable##_found
