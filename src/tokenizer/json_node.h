// A value inside a tokenizer file that knows where it stands, so that every complaint names file
// and key. Sorted objects here, not core's ordered ones: a vocabulary has a hundred thousand keys.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slovo {

class JsonNode {
 public:
  /// `where` leads every message: "DIR/tokenizer.json: model.vocab".
  JsonNode(const nlohmann::json& value, std::string where)
      : value_(&value), where_(std::move(where)) {}

  const nlohmann::json& raw() const { return *value_; }
  const std::string& where() const { return where_; }

  /// True when the key is there and not null. Throws when this is not an object.
  bool has(const std::string& key) const;
  /// The value under `key`; throws Error(data) when there is none.
  JsonNode at(const std::string& key) const;
  /// The elements of a list.
  std::vector<JsonNode> items() const;

  std::string text() const;
  bool flag() const;
  /// An integer in [low, high].
  int64_t integer(int64_t low, int64_t high) const;
  /// A text of exactly one character.
  char32_t character() const;

  std::string text_at(const std::string& key) const { return at(key).text(); }
  bool flag_at(const std::string& key, bool fallback) const {
    return has(key) ? at(key).flag() : fallback;
  }

  [[noreturn]] void fail(std::string_view problem) const;
  /// Refuses the value under "type": what slovo reads instead is `known`.
  [[noreturn]] void refuse_type(const std::vector<std::string>& known) const;

 private:
  const nlohmann::json* value_;
  std::string where_;
};

/// Parses the text of `file`; syntax errors become Error(data) that names the file and the place.
nlohmann::json parse_tokenizer_json(std::string_view text, std::string_view file);

}  // namespace slovo
