#include "config/describe.h"

#include "config/config.h"

namespace slovo {
namespace {

constexpr const char* kIntroduction = R"(# Settings

This page is generated from the declarations in `src/config/config.h`: run the unit tests with `SLOVO_UPDATE=1` to write
it anew.

A config is JSON with `//` comments, in the sections below. It is the first word of a command (`slovo pretrain
CONFIG.json ...`) or is given by `--config`. Every setting is also a flag: `--train.lr 3e-4`. A flag wins over the config,
the config over the default. Lists and objects are JSON; a list's flag may be repeated. A boolean's flag stands alone or
takes a value after `=` (`--model.qk_norm=false`). Settings without a default are unset: `null` in JSON. A key that is
not listed here is an error.

The configs in this folder are examples to start from; each says in comments what it is for.
)";

/// Text inside a cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<') out += '\\';
    out += c;
  }
  return out;
}

std::string default_text(const FieldRef& field) {
  const Json value = field.value();
  return value.is_null() ? "" : cat("`", value.dump(), "`");
}

}  // namespace

std::string describe_settings() {
  RunConfig config;
  std::string out = kIntroduction;
  std::string section;
  for (const FieldRef& field : config_fields(config, config_sections())) {
    if (section != field.section) {
      section = field.section;
      out +=
          cat("\n## ", section,
              "\n\n| setting | type | allowed | default | what it does |\n|---|---|---|---|---|\n");
    }
    const std::string short_flags =
        field.aliases.empty() ? "" : cat(" (`", join(field.aliases, "`, `"), "`)");
    out += cat("| `", field.key(), "`", short_flags, " | ", cell(field.type), " | ",
               cell(field.allowed), " | ", default_text(field), " | ", cell(field.help), " |\n");
  }
  return out;
}

}  // namespace slovo
