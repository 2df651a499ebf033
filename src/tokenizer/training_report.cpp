#include "tokenizer/training_report.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "core/utf8.h"

namespace slovo {
namespace {

constexpr size_t kScriptsShown = 8;

double ratio(int64_t above, int64_t below) {
  return below == 0 ? 0 : static_cast<double>(above) / static_cast<double>(below);
}

/// The script of the first letter, or USCRIPT_INVALID_CODE without one.
UScriptCode script_of(std::string_view word) {
  for (size_t at = 0; at < word.size();) {
    const auto c = static_cast<UChar32>(utf8::next(word, at));
    if (u_isalpha(c) == 0) continue;
    UErrorCode status = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(c, &status);
    return U_SUCCESS(status) ? script : USCRIPT_UNKNOWN;
  }
  return USCRIPT_INVALID_CODE;
}

std::vector<ScriptFertility> by_words(const std::map<UScriptCode, ScriptFertility>& scripts) {
  std::vector<ScriptFertility> out;
  for (const auto& [script, fertility] : scripts) out.push_back(fertility);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.words > b.words; });
  return out;
}

}  // namespace

double ScriptFertility::tokens_per_word() const { return ratio(tokens, words); }

double TrainingReport::bytes_per_token() const { return ratio(text_bytes, tokens); }

Json TrainingReport::to_json() const {
  Json fertility = Json::object();
  for (const ScriptFertility& s : scripts)
    fertility[s.script] = {{"words", s.words}, {"tokens_per_word", s.tokens_per_word()}};
  return {{"text_bytes", text_bytes},
          {"tokens", tokens},
          {"bytes_per_token", bytes_per_token()},
          {"scripts", std::move(fertility)}};
}

std::vector<std::string> TrainingReport::lines() const {
  if (tokens == 0) return {};
  std::vector<std::string> out{cat("bytes per token  ", fixed(bytes_per_token(), 3))};
  for (size_t i = 0; i < std::min(scripts.size(), kScriptsShown); ++i) {
    const ScriptFertility& s = scripts[i];
    out.push_back(cat("tokens per word  ", fixed(s.tokens_per_word(), 3), "  ", s.script, ", ",
                      counted(s.words, "word")));
  }
  if (scripts.size() > kScriptsShown) {
    out.push_back(
        cat("and words of ", counted(std::ssize(scripts) - std::ssize(out) + 1, "other script")));
  }
  return out;
}

TrainingReport measure_words(const TokenModel& model, const WordSource& words, int64_t text_bytes) {
  TrainingReport out;
  out.text_bytes = text_bytes;
  std::map<UScriptCode, ScriptFertility> scripts;
  std::vector<TokenId> ids;
  words([&](std::string_view word, int64_t count) {
    ids.clear();
    model.compute(word, TextKind::ordinary, ids);
    const int64_t tokens = count * std::ssize(ids);
    out.tokens += tokens;
    const UScriptCode script = script_of(word);
    if (script == USCRIPT_INVALID_CODE) return;
    ScriptFertility& fertility = scripts[script];
    if (fertility.words == 0) fertility.script = uscript_getName(script);
    fertility.words += count;
    fertility.tokens += tokens;
  });
  out.scripts = by_words(scripts);
  return out;
}

}  // namespace slovo
