// The text of `slovo <command> --help`.
#include <algorithm>

#include "command.h"
#include "core/text.h"
#include "core/utf8.h"

namespace slovo {
namespace {

constexpr size_t kIndent = 2;
constexpr size_t kHelpColumn = 32;

/// `text` broken at spaces into lines of at most `width` columns.
std::vector<std::string> wrap(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t have = utf8::count(lines.back());
    if (have > 0 && have + 1 + utf8::count(word) > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

/// "  --out RUN        the run folder ...", the text wrapped in its own column.
std::string entry(const std::string& left, const std::string& text, size_t width) {
  std::string out = std::string(kIndent, ' ') + left;
  bool first = out.size() + 2 <= kHelpColumn;
  if (!first) out += "\n";
  for (const std::string& line : wrap(text, width - kHelpColumn)) {
    out += std::string(first ? kHelpColumn - out.size() : kHelpColumn, ' ') + line + "\n";
    first = false;
  }
  return out;
}

std::string placeholder(const FieldRef& field) {
  if (field.is_flag) return "";
  if (field.is_list) return " TEXT...";
  if (field.type == "integer") return " N";
  if (field.type == "number") return " X";
  return field.type == "name" ? " NAME" : " TEXT";
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "(> 0; default 0.001)"; empty when there is nothing to say.
std::string limits(const FieldRef& field) {
  std::vector<std::string> parts;
  if (!field.allowed.empty()) parts.push_back(field.allowed);
  const Json value = field.value();
  if (!value.is_null() && !(value.is_array() && value.empty()) && value != "") {
    parts.push_back("default " + plain(value));
  }
  return parts.empty() ? "" : cat(" (", join(parts, "; "), ")");
}

std::string left_side(const CommandOption& option) {
  const std::string name = option.is_positional() ? "" : option.name + (option.is_flag ? "" : " ");
  return cat(name, option.placeholder, option.is_list ? "..." : "");
}

}  // namespace

std::string Command::help(int width) const {
  const auto columns = static_cast<size_t>(width);
  std::string usage = call_.command;
  std::string own;
  if (config_argument_) {
    usage += " [CONFIG.json]";
    own += entry("CONFIG.json", "the same as --config", columns);
  }
  for (const CommandOption& option : options_) {
    const bool required = option.need == Need::required;
    if (required) usage += cat(" ", left_side(option));
    if (!required && option.is_positional()) usage += cat(" [", left_side(option), "]");
    own += entry(left_side(option), option.help + (required ? " (required)" : ""), columns);
  }
  std::string fields;
  std::string section;
  for (const FieldRef* field : own_fields()) {
    if (section != field->section) fields += cat("\n", section = field->section, ":\n");
    const bool needed = std::find(needs_.begin(), needs_.end(), field->key()) != needs_.end();
    std::vector<std::string> names = field->aliases;
    if (needed)
      usage += cat(" ", names.empty() ? "--" + field->key() : names.front(), placeholder(*field));
    names.push_back("--" + field->key());
    fields += entry(join(names) + placeholder(*field),
                    field->help + limits(*field) + (needed ? " (required)" : ""), columns);
  }
  std::string out = cat(call_.command, ": ", call_.summary, "\n\nusage: ", usage,
                        " [options]\n\noptions:\n", own, fields);
  if (!examples_.empty()) out += "\nexamples:\n";
  for (const auto& [line, what] : examples_) {
    out += cat(std::string(kIndent, ' '), line, "\n", std::string(3 * kIndent, ' '), what, "\n");
  }
  return out;
}

}  // namespace slovo
