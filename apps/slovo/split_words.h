// Sorts the words of a command line by option. The only user of CLI11, whose own messages, help and
// exit codes are not used: it stops at the first mistake and names no near options.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace slovo {

enum class Arity { flag, one, many };

struct SplitOption {
  std::string id;                  ///< what the result calls it
  std::vector<std::string> names;  ///< "-n", "--num-samples"
  Arity arity = Arity::one;
};

struct SplitWords {
  std::map<std::string, std::vector<std::string>>
      values;                           ///< by id, in order; a flag alone is "true"
  std::set<std::string> without_value;  ///< ids given without the value they need
  std::vector<std::string> positionals;
  std::vector<std::string> unknown;  ///< words that look like options and are none
};

/// Everything after a word "--" is positional. A word that looks like an option is never taken as a
/// value
/// (`--stop=--x` gives it one).
SplitWords split_words(const std::vector<SplitOption>& options,
                       const std::vector<std::string>& words);

}  // namespace slovo
