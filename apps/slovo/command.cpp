#include "command.h"

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "core/log.h"
#include "core/terminal.h"

namespace slovo {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::vector<std::string> flag_names(const FieldRef& field) {
  std::vector<std::string> out = field.aliases;
  out.push_back("--" + field.key());
  return out;
}

/// "train.lr", and with its alias "decode.top_k (--top-k)".
std::string shown_name(const FieldRef& field) {
  return field.aliases.empty() ? "--" + field.key()
                               : cat(field.key(), " (", join(field.aliases), ")");
}

}  // namespace

Command::Command(const Invocation& call) : call_(call) {
  option("--config", config_file_, "FILE",
         "settings as JSON, // comments allowed; flags win over it");
}

Command& Command::sections(std::vector<std::string> names) {
  sections_ = std::move(names);
  return *this;
}

Command& Command::config_argument() {
  config_argument_ = true;
  return *this;
}

Command& Command::defaults(const Json& settings) {
  builder_.apply_base(settings, "the command's defaults");
  return *this;
}

Command& Command::base(std::function<std::optional<std::pair<Json, std::string>>()> settings) {
  base_ = std::move(settings);
  return *this;
}

Command& Command::option(std::string name, std::string& target, std::string placeholder,
                         std::string help, Need need) {
  CommandOption out{std::move(name), std::move(placeholder), std::move(help), need};
  out.assign = [&target](const std::vector<std::string>& values) {
    target = values.back();
    return std::string();
  };
  add_option(std::move(out));
  return *this;
}

Command& Command::option(std::string name, std::optional<int64_t>& target, std::string placeholder,
                         std::string help, int64_t least) {
  CommandOption out{std::move(name), std::move(placeholder), std::move(help)};
  out.assign = [&target, least](const std::vector<std::string>& values) {
    int64_t parsed = 0;
    const std::string problem = detail::assign_integer(
        parse_word(values.back(), "integer"), at_least(static_cast<double>(least)), parsed);
    if (problem.empty()) target = parsed;
    return problem;
  };
  add_option(std::move(out));
  return *this;
}

Command& Command::option(std::string name, std::vector<std::string>& target,
                         std::string placeholder, std::string help, Need need) {
  CommandOption out{std::move(name), std::move(placeholder), std::move(help), need};
  out.is_list = true;
  out.assign = [&target](const std::vector<std::string>& values) {
    target = values;
    return std::string();
  };
  add_option(std::move(out));
  return *this;
}

Command& Command::words(std::string placeholder, std::vector<std::string>& target, std::string help,
                        Need need) {
  return option(placeholder, target, placeholder, std::move(help), need);
}

Command& Command::flag(std::string name, bool& target, std::string help) {
  CommandOption out{std::move(name), "", std::move(help)};
  out.is_flag = true;
  out.assign = [&target](const std::vector<std::string>& values) {
    return detail::assign_bool(parse_word(values.back(), "true|false"), target);
  };
  add_option(std::move(out));
  return *this;
}

Command& Command::needs(std::string key) {
  needs_.push_back(std::move(key));
  return *this;
}

Command& Command::example(std::string line, std::string what) {
  examples_.emplace_back(std::move(line), std::move(what));
  return *this;
}

std::vector<const FieldRef*> Command::own_fields() const {
  std::vector<const FieldRef*> out;
  for (const FieldRef& field : builder_.fields()) {
    if (contains(sections_, field.section)) out.push_back(&field);
  }
  return out;
}

const CommandOption* Command::positional() const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [](const auto& o) { return o.is_positional(); });
  return found == options_.end() ? nullptr : &*found;
}

std::vector<SplitOption> Command::split_options() const {
  // Beside words without a name a list takes one value a flag, or it would swallow them.
  const Arity list = positional() == nullptr ? Arity::many : Arity::one;
  std::vector<SplitOption> out{{"--help", {"-h", "--help"}, Arity::flag}};
  for (const CommandOption& option : options_) {
    if (option.is_positional()) continue;
    out.push_back({option.name,
                   {option.name},
                   option.is_flag   ? Arity::flag
                   : option.is_list ? list
                                    : Arity::one});
  }
  for (const FieldRef* field : own_fields()) {
    out.push_back({field->key(), flag_names(*field),
                   field->is_flag   ? Arity::flag
                   : field->is_list ? list
                                    : Arity::one});
  }
  return out;
}

void Command::apply_options(const SplitWords& split) {
  for (const CommandOption& option : options_) {
    if (split.without_value.count(option.name) != 0) {
      builder_.add_problem(
          cat(kCommandLine, ": ", option.name, " needs a value: ", option.placeholder));
    }
    const auto found = split.values.find(option.name);
    if (found == split.values.end()) continue;
    if (found->second.size() > 1 && !option.is_list && !option.is_flag) {
      builder_.add_problem(cat(kCommandLine, ": ", option.name, " is given twice (",
                               join(found->second), "); keep one of them"));
    }
    const std::string problem = option.assign(found->second);
    if (!problem.empty()) builder_.add_problem(cat(kCommandLine, ": ", option.name, " ", problem));
  }
}

void Command::apply_fields(const SplitWords& split) {
  for (const FieldRef* field : own_fields()) {
    if (split.without_value.count(field->key()) != 0) {
      builder_.add_problem(cat(kCommandLine, ": ", shown_name(*field), " needs a value",
                               field->allowed.empty() ? "" : ": ", field->allowed));
    }
    const auto found = split.values.find(field->key());
    if (found == split.values.end()) continue;
    if (found->second.size() > 1 && !field->is_list && !field->is_flag) {
      builder_.add_problem(cat(kCommandLine, ": ", shown_name(*field), " is given twice (",
                               join(found->second), "); keep one of them"));
    }
    builder_.apply_words(field->key(), found->second);
  }
}

void Command::apply_positionals(std::vector<std::string> words) {
  if (config_argument_ && !words.empty()) {
    if (!config_file_.empty()) {
      builder_.add_problem(cat(kCommandLine, ": two config files, ", words.front(), " and ",
                               config_file_, "; keep one of them"));
    }
    config_file_ = words.front();
    words.erase(words.begin());
  }
  if (words.empty()) return;
  if (const CommandOption* taker = positional()) {
    taker->assign(words);
    return;
  }
  for (const std::string& word : words) {
    const bool truth = word == "true" || word == "false";
    builder_.add_problem(
        cat(kCommandLine, ": unexpected word \"", word, "\"; ",
            truth ? "a flag is written --name=" + word
                  : call_.command + " --help shows what " + call_.command + " takes"));
  }
}

void Command::report_unknown(const std::string& option) {
  const std::string name = option.substr(0, option.find('='));
  const std::string bare = name.substr(std::min(name.size(), name.find_first_not_of('-')));
  std::vector<std::string> candidates;
  std::string hint;
  for (const SplitOption& known : split_options()) {
    for (const std::string& candidate : known.names) {
      candidates.push_back(candidate);
      if (hint.empty() && candidate.ends_with("." + bare))
        hint = cat(" (did you mean \"", candidate, "\"?)");
    }
  }
  if (const FieldRef* field = builder_.find(bare)) {
    builder_.add_problem(cat(kCommandLine, ": ", name, " is a setting of ", field->section,
                             ", which ", call_.command, " does not use"));
    return;
  }
  builder_.add_problem(cat(kCommandLine, ": ", name, " is not an option of ", call_.command,
                           hint.empty() ? did_you_mean(name, candidates) : hint, "; ",
                           call_.command, " --help lists them"));
}

void Command::check_needs(const SplitWords& split) {
  for (const CommandOption& option : options_) {
    const bool given = option.is_positional() ? !split.positionals.empty()
                                              : split.values.count(option.name) +
                                                    split.without_value.count(option.name);
    if (option.need == Need::required && !given) {
      builder_.add_problem(cat(kCommandLine, ": ", option.name, option.is_positional() ? "" : " ",
                               option.is_positional() ? "" : option.placeholder,
                               " is missing: ", option.help));
    }
  }
  for (const std::string& key : needs_) {
    const FieldRef* field = builder_.find(key);
    SLOVO_CHECK(field != nullptr, key);
    const Json value = field->value();
    const bool empty = value.is_null() || value.empty() || value == "";
    if (empty && split.without_value.count(key) == 0) {
      builder_.add_problem(
          cat(kCommandLine, ": ", shown_name(*field), " is missing: ", field->help));
    }
  }
}

std::vector<OptionWords> Command::option_words() const {
  std::vector<OptionWords> out;
  for (const CommandOption& option : options_) {
    if (option.is_positional()) continue;
    out.push_back(
        {{option.name}, {}, option.placeholder, option.help, option.is_flag, option.is_list});
  }
  for (const FieldRef* field : own_fields()) {
    std::vector<std::string> values;
    std::istringstream allowed(field->type == "name" ? field->allowed : "");
    for (std::string name; std::getline(allowed >> std::ws, name, ',');) values.push_back(name);
    out.push_back(
        {flag_names(*field), values, field->type, field->help, field->is_flag, field->is_list});
  }
  return out;
}

bool Command::parse() {
  if (call_.inspect) {
    call_.inspect(*this);
    return false;
  }
  const SplitWords split = split_words(split_options(), call_.words);
  if (split.values.count("--help") != 0) {
    std::fputs(help(std::clamp(terminal_width(Stream::out), 80, 100)).c_str(), stdout);
    return false;
  }
  apply_options(split);
  // What stands behind an unknown option may be its value: of the plain words only a config file is
  // sure.
  std::vector<std::string> plain = split.positionals;
  if (!split.unknown.empty() &&
      !(config_argument_ && !plain.empty() && plain[0].ends_with(".json")))
    plain.clear();
  if (!split.unknown.empty() && !plain.empty()) plain.resize(1);
  apply_positionals(plain);
  for (const std::string& option : split.unknown) report_unknown(option);
  if (const auto settings = base_ ? base_() : std::nullopt)
    builder_.apply_base(settings->first, settings->second);
  if (!config_file_.empty()) builder_.apply_file(config_file_);
  apply_fields(split);
  check_needs(split);
  builder_.finish(sections_);
  log::set_level(config().run.log_level);
  return true;
}

}  // namespace slovo
