#include "core/json.h"

#include <set>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"

namespace slovo {
namespace {

std::string position(std::string_view text, size_t byte) {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
  }
  return cat("line ", line, ", column ", column);
}

/// What the parser says, without its own code and place; it may quote a whole string that was left
/// open.
std::string reason_of(const nlohmann::json::exception& error) {
  constexpr size_t kLongest = 160;
  std::string what = error.what();
  size_t detail = what.find("syntax error");
  if (detail == std::string::npos)
    detail = what.find("] ") == std::string::npos ? 0 : what.find("] ") + 2;
  what = what.substr(detail);
  const bool whole = what.size() <= kLongest;
  return utf8::replace_invalid(what.substr(0, kLongest)) + (whole ? "" : "...");
}

/// nlohmann keeps the last of repeated keys silently; a config that says two things is a mistake.
class RepeatedKeys {
 public:
  explicit RepeatedKeys(std::string_view where) : where_(where) {}

  bool operator()(int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      seen_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      seen_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!seen_.back().insert(key).second) {
        throw_data(where_, ": key \"", key, "\" is given twice; keep one of them");
      }
    }
    return true;
  }

 private:
  std::string_view where_;
  std::vector<std::set<std::string>> seen_;
};

}  // namespace

void throw_not_json(std::string_view text, std::string_view where,
                    const nlohmann::json::parse_error& error) {
  throw_data(where, ": ", position(text, error.byte), ": not valid JSON: ", reason_of(error));
}

Json parse_json(std::string_view text, std::string_view where, JsonComments comments) {
  try {
    RepeatedKeys repeated(where);
    return Json::parse(text.begin(), text.end(), std::ref(repeated), true,
                       comments == JsonComments::allow);
  } catch (const nlohmann::json::parse_error& error) {
    throw_not_json(text, where, error);
  } catch (const nlohmann::json::out_of_range& error) {  // a number that no double holds
    throw_data(where, ": not valid JSON: ", reason_of(error));
  }
}

Json read_json(const std::filesystem::path& path, JsonComments comments) {
  return parse_json(read_file(path), path.string(), comments);
}

void write_json(const std::filesystem::path& path, const Json& json) {
  write_file(path, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace slovo
