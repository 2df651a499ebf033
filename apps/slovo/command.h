// What every command file needs: it declares its settings and options, and gets them parsed,
// checked and explained.
//
//   int run_pretrain(const Invocation& call) {
//     std::string out;
//     bool resume = false;
//     Command command(call);
//     command.sections({"run", "model", "tokenizer", "data", "train"})  // every field becomes
//     --section.name
//         .config_argument()                                            // slovo pretrain
//         [CONFIG.json] ... .option("--out", out, "RUN", "the run folder to write", Need::required)
//         .flag("--resume", resume, "go on from the newest checkpoint in RUN")
//         .needs("data.paths")                                          // a field that must be
//         given .example("slovo pretrain --data book.txt --out runs/book", "a small model from one
//         file");
//     if (!command.parse()) return 0;                                   // --help was printed
//     const RunConfig& config = command.config();
//     if (command.given("model.hidden_size")) ...
//   }
//
// The command then has a line in commands.cpp. parse() throws one Error(config) with all problems,
// a line each. A string option is "" when not given. Results go to stdout, log lines through
// core/log.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "split_words.h"

namespace slovo {

/// How a command was called: "tokenizer train", its one-line summary, and the words behind its
/// name.
struct Invocation {
  std::string command;
  std::string summary;
  std::vector<std::string> words;
  /// Set: parse() shows the declared command to it and does nothing else.
  std::function<void(const class Command&)> inspect;
};

enum class Need { optional, required };

/// An option of the command itself, beside the fields of the config.
struct CommandOption {
  std::string name;         ///< "--out"; "PROMPT" for words without a name
  std::string placeholder;  ///< "RUN"; "" for a flag
  std::string help;
  Need need = Need::optional;
  bool is_list = false;  ///< takes several values
  bool is_flag = false;  ///< takes none
  std::function<std::string(const std::vector<std::string>&)> assign =
      {};  ///< returns the problem, or ""

  bool is_positional() const { return !name.starts_with("-"); }
};

/// An option or field as a shell completes it.
struct OptionWords {
  std::vector<std::string> names;   ///< "--temperature", "--decode.temperature"
  std::vector<std::string> values;  ///< all there are; empty: any text
  std::string placeholder, help;
  bool is_flag = false, is_list = false;
};

class Command {
 public:
  explicit Command(const Invocation& call);

  Command& sections(std::vector<std::string> names);
  /// Takes a config file as first word; without this only `--config FILE` gives one.
  Command& config_argument();
  /// Settings by sections that this command has instead of the fields' own defaults.
  Command& defaults(const Json& settings);
  /// The JSON of settings below the config file and above the defaults (those of a run that goes
  /// on), with the name that leads its problems. Called when the options have been read; nullopt
  /// for none.
  Command& base(std::function<std::optional<std::pair<Json, std::string>>()> settings);

  Command& option(std::string name, std::string& target, std::string placeholder, std::string help,
                  Need need = Need::optional);
  Command& option(std::string name, std::optional<int64_t>& target, std::string placeholder,
                  std::string help, int64_t least);
  Command& option(std::string name, std::vector<std::string>& target, std::string placeholder,
                  std::string help, Need need = Need::optional);
  Command& flag(std::string name, bool& target, std::string help);
  /// Words without a name. Flags that are lists then take one value each, so that they leave these
  /// words alone.
  Command& words(std::string placeholder, std::vector<std::string>& target, std::string help,
                 Need need = Need::optional);
  /// A field of the config that must not stay empty.
  Command& needs(std::string key);
  Command& example(std::string line, std::string what);

  /// False when --help was asked for and printed. Sets the log level. Throws Error(config) with all
  /// problems.
  bool parse();

  const RunConfig& config() const { return builder_.config(); }
  /// True when the config file or a flag gives this field, or any of this section.
  bool given(const std::string& key_or_section) const { return builder_.given(key_or_section); }
  /// The file that gave the key, or "command line", for messages; "" when none did.
  std::string source(const std::string& key) const { return builder_.source(key); }
  /// The command's sections, all fields filled in.
  Json resolved() const { return resolved_json(config(), sections_); }
  const std::vector<std::string>& section_names() const { return sections_; }

  std::string help(int width) const;
  /// Every option and field that has a name.
  std::vector<OptionWords> option_words() const;

 private:
  std::vector<const FieldRef*> own_fields() const;
  const CommandOption* positional() const;
  std::vector<SplitOption> split_options() const;
  void add_option(CommandOption option) { options_.push_back(std::move(option)); }
  void apply_options(const SplitWords& split);
  void apply_positionals(std::vector<std::string> words);
  void apply_fields(const SplitWords& split);
  void report_unknown(const std::string& option);
  void check_needs(const SplitWords& split);

  Invocation call_;
  std::vector<std::string> sections_;
  bool config_argument_ = false;
  std::string config_file_;
  std::function<std::optional<std::pair<Json, std::string>>()> base_;
  std::vector<CommandOption> options_;
  std::vector<std::string> needs_;
  std::vector<std::pair<std::string, std::string>> examples_;
  ConfigBuilder builder_;
};

}  // namespace slovo
