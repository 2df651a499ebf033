#include "split_words.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/error.h"

namespace slovo {
namespace {

/// Stands for a value that was not given; no command line can hold it.
const std::string kNoValue(1, '\x01');
/// CLI11 treats an option of unlimited length apart; this many words no command line has.
constexpr int kManyWords = 1 << 20;

CLI::Option* declare(CLI::App& app, const SplitOption& option) {
  const std::string names = join(option.names, ",");
  if (option.arity == Arity::flag) return app.add_flag(names);
  CLI::Option* declared = app.add_option(names);
  declared->expected(0, option.arity == Arity::one ? 1 : kManyWords);
  declared->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return declared->default_str(kNoValue);
}

/// As CLI11 sees it: "-" and negative numbers are plain words.
bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

void collect(const SplitOption& option, const CLI::Option& declared, SplitWords& out) {
  for (const std::string& value : declared.results()) {
    if (value == kNoValue) {
      out.without_value.insert(option.id);
    } else {
      out.values[option.id].push_back(value);
    }
  }
}

}  // namespace

SplitWords split_words(const std::vector<SplitOption>& options,
                       const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<CLI::Option*> declared;
  for (const SplitOption& option : options) declared.push_back(declare(app, option));
  const auto mark = std::find(words.begin(), words.end(), "--");
  try {
    app.parse(std::vector<std::string>(std::reverse_iterator(mark), words.rend()));
  } catch (const CLI::ParseError& error) {
    throw_config("command line: ", error.what());
  }
  SplitWords out;
  for (size_t i = 0; i < options.size(); ++i) collect(options[i], *declared[i], out);
  for (const std::string& word : app.remaining()) {
    (looks_like_option(word) ? out.unknown : out.positionals).push_back(word);
  }
  if (mark != words.end()) out.positionals.insert(out.positionals.end(), mark + 1, words.end());
  return out;
}

}  // namespace slovo
