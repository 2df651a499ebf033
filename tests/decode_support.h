// Models for tests of decoding and evaluation: the tiny Llama of tests/fixtures/eval, and
// stories260K of the shared data.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "core/json.h"
#include "decode/loaded_model.h"

namespace slovo::test {

inline std::filesystem::path eval_fixture() {
  return std::filesystem::path(SLOVO_SOURCE_DIR) / "tests" / "fixtures" / "eval";
}

inline LoadedModel tiny_model() { return load_for_inference(eval_fixture(), {}); }

/// What scripts/make_fixtures_eval.py wrote.
inline const Json& expected() {
  static const Json json = read_json(eval_fixture() / "expected.json");
  return json;
}

/// stories260K of the shared data (SLOVO_SHARED, by default beside the project), or nullopt.
inline std::optional<std::filesystem::path> stories_folder() {
  const char* named = std::getenv("SLOVO_SHARED");
  const std::filesystem::path shared =
      named != nullptr ? std::filesystem::path(named)
                       : std::filesystem::path(SLOVO_SOURCE_DIR) / ".." / "shared";
  const auto folder = shared / "data" / "models" / "stories260K";
  if (!std::filesystem::exists(folder / "hf" / "config.json")) return std::nullopt;
  return folder;
}

/// The text of the error that `action` throws, "" when it throws none.
template <class Action>
std::string error_text(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Passes when `text` holds `part`.
inline testing::AssertionResult holds(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << '"' << text << "\" does not hold \"" << part << '"';
}

}  // namespace slovo::test
