// Builds a RunConfig layer by layer: default < base (a run that goes on) < config file < flags.
// Collects every problem and reports all of them together. Knows where each given key came from;
// knows nothing of the command line's syntax.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/json.h"

namespace slovo {

constexpr const char* kCommandLine = "command line";

class ConfigBuilder {
 public:
  ConfigBuilder();
  ConfigBuilder(const ConfigBuilder&) = delete;
  ConfigBuilder& operator=(const ConfigBuilder&) = delete;

  /// Sets what `sections` (an object of sections) holds. `where` leads the line of each problem.
  /// Keys of a base layer do not count as given.
  void apply_json(const Json& sections, const std::string& where);
  void apply_base(const Json& sections, const std::string& where);
  /// Reads a JSON file with // comments. A file that is missing or not JSON is a problem like the
  /// others.
  void apply_file(const std::filesystem::path& path);
  /// Sets the field `key` ("train.lr") from the words of the command line: numbers, true or false,
  /// JSON lists.
  void apply_words(const std::string& key, const std::vector<std::string>& words);
  void add_problem(std::string line) { problems_.push_back(std::move(line)); }

  /// True when a config file or a flag set the key, or any key of the section.
  bool given(const std::string& key_or_section) const;
  /// The file that set the key, or kCommandLine; "" when neither did.
  std::string source(const std::string& key) const;
  const RunConfig& config() const { return config_; }
  const std::vector<FieldRef>& fields() const { return fields_; }
  const FieldRef* find(const std::string& key) const;

  /// Checks the cross-field rules of `sections` too, then throws one Error(config), a line a
  /// problem, if there are any.
  void finish(const std::vector<std::string>& sections);

 private:
  void apply_section(const std::string& section, const Json& values, const std::string& where);
  void assign(const FieldRef& field, const Json& value, const std::string& where);

  RunConfig config_;
  std::vector<FieldRef> fields_;  ///< of all sections; they point into config_
  std::map<std::string, std::string> sources_;
  std::set<std::string>
      failed_;  ///< keys whose value was refused: no rule is tried on what stands there instead
  std::vector<std::string> problems_;
  bool record_sources_ = true;
};

/// The value that one word of the command line stands for in a field of `type`: a number, true or
/// false, null, or the word itself.
Json parse_word(const std::string& word, const std::string& type);

/// All fields of `sections` with their values, as a config file that loads back to the same
/// settings.
Json resolved_json(const RunConfig& config, const std::vector<std::string>& sections);

struct Difference {
  std::string key;
  Json before;
  Json after;
};
/// The fields of `sections` in which the two configs differ, in order of declaration.
std::vector<Difference> differences(const RunConfig& before, const RunConfig& after,
                                    const std::vector<std::string>& sections);

}  // namespace slovo
