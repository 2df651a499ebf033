#include "config/load.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/validate.h"
#include "core/error.h"

namespace slovo {
namespace {

std::vector<std::string> names_of(const std::vector<FieldRef>& fields, const std::string& section) {
  std::vector<std::string> out;
  for (const FieldRef& field : fields) {
    if (field.section == section) out.push_back(field.name);
  }
  return out;
}

template <class T>
bool parse_whole(const std::string& word, T& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc() && end == word.data() + word.size();
}

Json parse_number(const std::string& word) {
  int64_t integer = 0;
  double number = 0;
  if (parse_whole(word, integer)) return integer;
  if (parse_whole(word, number) && std::isfinite(number)) return number;
  return word == "null" ? Json(nullptr) : Json(word);
}

/// A list's words: each one an item, or a single one that is a JSON list.
Json parse_list(const std::vector<std::string>& words, const std::string& type) {
  if (words.size() == 1 && words[0].starts_with("[")) {
    Json list = Json::parse(words[0], nullptr, false);
    if (list.is_array()) return list;
  }
  Json list = Json::array();
  for (const auto& word : words) list.push_back(parse_word(word, type));
  return list;
}

}  // namespace

Json parse_word(const std::string& word, const std::string& type) {
  if (type.find("string") != std::string::npos || type == "name") return word;
  if (type == "true|false")
    return word == "true" ? Json(true) : word == "false" ? Json(false) : Json(word);
  return parse_number(word);
}

ConfigBuilder::ConfigBuilder() : fields_(config_fields(config_, config_sections())) {}

const FieldRef* ConfigBuilder::find(const std::string& key) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const FieldRef& f) { return f.key() == key; });
  return found == fields_.end() ? nullptr : &*found;
}

bool ConfigBuilder::given(const std::string& key_or_section) const {
  return std::any_of(sources_.begin(), sources_.end(), [&](const auto& entry) {
    return entry.first == key_or_section || entry.first.starts_with(key_or_section + ".");
  });
}

std::string ConfigBuilder::source(const std::string& key) const {
  const auto found = sources_.find(key);
  return found == sources_.end() ? "" : found->second;
}

void ConfigBuilder::assign(const FieldRef& field, const Json& value, const std::string& where) {
  const std::string problem = field.assign(value);
  if (record_sources_) sources_[field.key()] = where;
  if (problem.empty()) return;
  failed_.insert(field.key());
  const std::string alias =
      where == kCommandLine && !field.aliases.empty() ? cat(" (", join(field.aliases), ")") : "";
  add_problem(cat(where, ": ", field.key(), alias, " ", problem));
}

void ConfigBuilder::apply_section(const std::string& section, const Json& values,
                                  const std::string& where) {
  if (!values.is_object()) {
    return add_problem(
        cat(where, ": ", section, " ", detail::wrong(values, "an object of settings")));
  }
  for (const auto& [name, value] : values.items()) {
    if (const FieldRef* field = find(section + "." + name)) {
      assign(*field, value, where);
    } else {
      const auto names = names_of(fields_, section);
      const std::string near = did_you_mean(name, names);
      add_problem(cat(where, ": ", section, ".", name, " is not a setting",
                      near.empty() ? cat("; ", section, " has ", join(names)) : near));
    }
  }
}

void ConfigBuilder::apply_json(const Json& sections, const std::string& where) {
  if (!sections.is_object()) {
    return add_problem(cat(
        where, ": ", detail::wrong(sections, "an object of sections: " + join(config_sections()))));
  }
  for (const auto& [section, values] : sections.items()) {
    const auto& known = config_sections();
    if (std::find(known.begin(), known.end(), section) != known.end()) {
      apply_section(section, values, where);
    } else {
      add_problem(cat(where, ": ", section, " is not a section", did_you_mean(section, known),
                      "; sections are ", join(known)));
    }
  }
}

void ConfigBuilder::apply_base(const Json& sections, const std::string& where) {
  record_sources_ = false;
  apply_json(sections, where);
  record_sources_ = true;
}

void ConfigBuilder::apply_file(const std::filesystem::path& path) {
  try {
    apply_json(read_json(path, JsonComments::allow), path.string());
  } catch (const Error& error) {  // one problem among the others: reported with them
    if (exit_code(error.code()) != 2) throw;
    add_problem(error.what());
  }
}

void ConfigBuilder::apply_words(const std::string& key, const std::vector<std::string>& words) {
  const FieldRef* field = find(key);
  SLOVO_CHECK(field != nullptr && !words.empty(), key);
  assign(*field,
         field->is_list ? parse_list(words, field->type) : parse_word(words.back(), field->type),
         kCommandLine);
}

void ConfigBuilder::finish(const std::vector<std::string>& sections) {
  for (const Conflict& conflict : find_conflicts(config_, sections)) {
    const auto failed = [&](const std::string& key) { return failed_.count(key) != 0; };
    if (std::any_of(conflict.keys.begin(), conflict.keys.end(), failed)) continue;
    std::string where;
    for (const auto& key : conflict.keys) {
      if (where.empty() || source(key) == kCommandLine) where = source(key);
    }
    add_problem(where.empty() ? conflict.text : cat(where, ": ", conflict.text));
  }
  if (!problems_.empty()) throw_config(join(problems_, "\n"));
}

Json resolved_json(const RunConfig& config, const std::vector<std::string>& sections) {
  RunConfig copy = config;
  Json out = Json::object();
  for (const FieldRef& field : config_fields(copy, sections))
    out[field.section][field.name] = field.value();
  return out;
}

std::vector<Difference> differences(const RunConfig& before, const RunConfig& after,
                                    const std::vector<std::string>& sections) {
  RunConfig left = before;
  RunConfig right = after;
  const auto left_fields = config_fields(left, sections);
  const auto right_fields = config_fields(right, sections);
  std::vector<Difference> out;
  for (size_t i = 0; i < left_fields.size(); ++i) {
    Difference difference{left_fields[i].key(), left_fields[i].value(), right_fields[i].value()};
    if (difference.before != difference.after) out.push_back(std::move(difference));
  }
  return out;
}

}  // namespace slovo
