// JSON as slovo reads and writes it: keys keep their order, parse errors name file, line and
// column.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace slovo {

using Json = nlohmann::ordered_json;

enum class JsonComments { refuse, allow };

/// Parses `text`; `where` (a file name, or "file:line") leads the message of the Error(data) that a
/// syntax error or a repeated key throws.
Json parse_json(std::string_view text, std::string_view where,
                JsonComments comments = JsonComments::refuse);
/// Throws the Error(data) for `text` that nlohmann could not parse: place and reason.
[[noreturn]] void throw_not_json(std::string_view text, std::string_view where,
                                 const nlohmann::json::parse_error& error);
/// Reads and parses a file.
Json read_json(const std::filesystem::path& path, JsonComments comments = JsonComments::refuse);
/// Writes a file whole or not at all, indented by two, with a newline at the end.
void write_json(const std::filesystem::path& path, const Json& json);

}  // namespace slovo
