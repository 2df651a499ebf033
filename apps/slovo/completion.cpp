// slovo completion: what a shell needs to complete commands, options and names of values, from the
// declared fields.
#include <algorithm>
#include <cstdio>

#include "commands.h"
#include "core/error.h"

namespace slovo {
namespace {

struct CommandWords {
  std::string name;  ///< "eval perplexity"
  std::string summary;
  std::vector<OptionWords> options;
};

std::vector<CommandWords> collect() {
  std::vector<CommandWords> out;
  for (const CommandSpec& spec : all_commands()) {
    CommandWords& words = out.emplace_back(CommandWords{spec.name, spec.summary, {}});
    Invocation call{cat("slovo ", spec.name), spec.summary, {}, {}};
    call.inspect = [&](const Command& command) { words.options = command.option_words(); };
    spec.run(call);
  }
  return out;
}

/// `text` with a backslash before each of `special`.
std::string escaped(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

/// The first words of all commands, or the second words of `group`.
std::vector<std::string> words_after(const std::vector<CommandWords>& commands,
                                     const std::string& group) {
  std::vector<std::string> out;
  for (const CommandWords& command : commands) {
    std::string rest = command.name;
    if (!group.empty()) {
      if (!rest.starts_with(group + " ")) continue;
      rest = rest.substr(group.size() + 1);
    }
    const std::string word = rest.substr(0, rest.find(' '));
    if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  }
  return out;
}

/// Commands that stand before a second word: "eval".
std::vector<std::string> groups(const std::vector<CommandWords>& commands) {
  std::vector<std::string> out;
  for (const std::string& word : words_after(commands, "")) {
    if (!words_after(commands, word).empty()) out.push_back(word);
  }
  return out;
}

std::string bash_command(const CommandWords& command) {
  std::vector<std::string> names;
  std::string values;
  for (const OptionWords& option : command.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
    if (option.values.empty()) continue;
    values += cat("        ", join(option.names, "|"), ") values=\"", join(option.values, " "),
                  "\" ;;\n");
  }
  return cat("    \"", command.name, "\")\n      options=\"", join(names, " "), " --help\"\n",
             values.empty() ? "" : cat("      case $before in\n", values, "      esac\n"),
             "      ;;\n");
}

std::string bash_script(const std::vector<CommandWords>& commands) {
  std::string second;
  for (const std::string& group : groups(commands)) {
    second += cat("    ", group, ")\n      command=\"", group, " ${COMP_WORDS[2]}\"\n",
                  "      [ \"$COMP_CWORD\" = 2 ] && values=\"",
                  join(words_after(commands, group), " "), "\"\n", "      ;;\n");
  }
  std::string options;
  for (const CommandWords& command : commands) options += bash_command(command);
  return cat(
      "# bash completion of slovo. To try it: source <(slovo completion bash)\n"
      "# To keep it: slovo completion bash > ~/.local/share/bash-completion/completions/slovo\n"
      "_slovo() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command=${COMP_WORDS[1]} options='' values=''\n"
      "  [ \"$COMP_CWORD\" = 1 ] && values=\"",
      join(words_after(commands, ""), " "),
      " --help --version\"\n"
      "  case $command in\n",
      second,
      "  esac\n"
      "  case $command in\n",
      options,
      "  esac\n"
      "  if [ -n \"$values\" ]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$word\")\n"
      "  elif [[ $word == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
      "  fi\n"
      "}\n"
      "complete -o default -F _slovo slovo\n");
}

std::string zsh_option(const OptionWords& option) {
  std::string out;
  for (const std::string& name : option.names) {
    std::string line = cat(option.is_list ? "*" : "", name, "[", escaped(option.help, "[]\\"), "]");
    if (!option.is_flag) {
      line += cat(":", escaped(option.placeholder, ":\\"), ":",
                  option.values.empty() ? "_files" : cat("(", join(option.values, " "), ")"));
    }
    out += cat("      ", shell_quoted(line), " \\\n");
  }
  return out;
}

std::string zsh_script(const std::vector<CommandWords>& commands) {
  std::string second;
  for (const std::string& group : groups(commands)) {
    second += cat("  ", group, ")\n    if (( CURRENT == 3 )); then compadd -- ",
                  join(words_after(commands, group), " "), "; return; fi\n    command=\"", group,
                  " ${words[3]}\"\n    shift words; (( CURRENT-- ))\n    ;;\n");
  }
  std::string options;
  for (const CommandWords& command : commands) {
    options += cat("  \"", command.name, "\")\n    _arguments \\\n");
    for (const OptionWords& option : command.options) options += zsh_option(option);
    options += "      '--help[explain the command]' \\\n      '*:file:_files'\n    ;;\n";
  }
  return cat(
      "#compdef slovo\n"
      "# zsh completion of slovo. To try it: source <(slovo completion zsh)\n"
      "# To keep it: slovo completion zsh > a folder of $fpath, as _slovo\n"
      "_slovo() {\n"
      "  local command=${words[2]}\n"
      "  if (( CURRENT == 2 )); then compadd -- ",
      join(words_after(commands, ""), " "),
      " --help --version; return; fi\n"
      "  case $command in\n",
      second,
      "  esac\n"
      "  shift words; (( CURRENT-- ))\n"
      "  case $command in\n",
      options,
      "  esac\n"
      "}\n"
      "compdef _slovo slovo\n");
}

std::string fish_option(const std::string& condition, const OptionWords& option) {
  std::string names;
  for (const std::string& name : option.names) {
    names += name.starts_with("--") ? cat(" -l ", name.substr(2)) : cat(" -s ", name.substr(1));
  }
  const std::string value = option.is_flag ? ""
                            : option.values.empty()
                                ? " -r -F"
                                : cat(" -x -a ", shell_quoted(join(option.values, " ")));
  return cat("complete -c slovo -n ", shell_quoted(condition), names, value, " -d ",
             shell_quoted(option.help), "\n");
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string out =
      "# fish completion of slovo. To keep it: slovo completion fish > "
      "~/.config/fish/completions/slovo.fish\n"
      "function __slovo_at\n"
      "  set -l words (commandline -opc)[2..-1]\n"
      "  set -l wanted (count $argv)\n"
      "  test (count $words) -ge $wanted; and test \"$words[1..$wanted]\" = \"$argv\"\n"
      "end\n"
      "function __slovo_next\n"
      "  set -l words (commandline -opc)[2..-1]\n"
      "  test \"$words\" = \"$argv\"\n"
      "end\n";
  for (const std::string& word : words_after(commands, "")) {
    const auto found =
        std::find_if(commands.begin(), commands.end(),
                     [&](const CommandWords& command) { return command.name == word; });
    out += cat("complete -c slovo -n '__slovo_next' -f -a ", word,
               found == commands.end() ? "" : cat(" -d ", shell_quoted(found->summary)), "\n");
  }
  for (const CommandWords& command : commands) {
    const size_t space = command.name.find(' ');
    if (space != std::string::npos) {
      out += cat("complete -c slovo -n '__slovo_next ", command.name.substr(0, space), "' -f -a ",
                 command.name.substr(space + 1), " -d ", shell_quoted(command.summary), "\n");
    }
    for (const OptionWords& option : command.options)
      out += fish_option("__slovo_at " + command.name, option);
  }
  return out;
}

}  // namespace

int run_completion(const Invocation& call) {
  std::vector<std::string> shells;
  Command command(call);
  command.words("SHELL", shells, "bash, zsh or fish", Need::required)
      .example("slovo completion bash > ~/.local/share/bash-completion/completions/slovo",
               "complete slovo in every new shell")
      .example("source <(slovo completion bash)", "in this one only");
  if (!command.parse()) return 0;
  const std::string shell = shells.size() == 1 ? shells.front() : join(shells, " ");
  const auto commands = collect();
  std::string script;
  if (shell == "bash") script = bash_script(commands);
  if (shell == "zsh") script = zsh_script(commands);
  if (shell == "fish") script = fish_script(commands);
  if (script.empty())
    throw_config("command line: \"", shell,
                 "\" is not a shell that slovo knows; use bash, zsh or fish");
  std::fputs(script.c_str(), stdout);
  return 0;
}

}  // namespace slovo
