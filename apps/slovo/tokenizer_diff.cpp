// slovo tokenizer diff: where two tokenizers cut a text differently, and what each needs for it.
#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "tokenizer/compare.h"
#include "tokenizer_lines.h"

namespace slovo {
namespace {

/// "the" "re", as JSON quotes them.
std::string shown(const std::vector<std::string>& tokens) {
  std::string out;
  for (const std::string& token : tokens) out += cat(out.empty() ? "" : " ", Json(token).dump());
  return out.empty() ? "nothing" : out;
}

void print_difference(const std::string& where, const TokenDifference& difference, bool json) {
  if (json) {
    const Json object = {{"where", where},
                         {"column", difference.column},
                         {"first", difference.first},
                         {"second", difference.second}};
    std::printf("%s\n", object.dump().c_str());
    return;
  }
  std::printf("%s:%zu: %s | %s\n", where.c_str(), difference.column,
              shown(difference.first).c_str(), shown(difference.second).c_str());
}

struct Totals {
  int64_t lines = 0;
  int64_t different_lines = 0;
  int64_t first_tokens = 0;
  int64_t second_tokens = 0;
};

void print_totals(const Totals& totals, bool json) {
  if (json) {
    const Json object = {{"lines", totals.lines},
                         {"different_lines", totals.different_lines},
                         {"first_tokens", totals.first_tokens},
                         {"second_tokens", totals.second_tokens}};
    std::printf("%s\n", object.dump().c_str());
    return;
  }
  std::printf("lines that differ: %s of %s; the first needs %s, the second %s\n",
              with_commas(totals.different_lines).c_str(), with_commas(totals.lines).c_str(),
              counted(totals.first_tokens, "token").c_str(),
              counted(totals.second_tokens, "token").c_str());
}

}  // namespace

int run_tokenizer_diff(const Invocation& call) {
  std::vector<std::string> tokenizers;
  std::vector<std::string> files;
  bool json = false;
  Command command(call);
  command.sections({"run"})
      .words("TOKENIZER", tokenizers, "the two tokenizers to compare", Need::required)
      .option("--data", files, "FILE", "the text to compare on; - is stdin", Need::required)
      .flag("--json", json, "one JSON object a difference, and one with the totals at the end")
      .example("slovo tokenizer diff runs/book/model gpt2 --data book.txt",
               "line and column of every difference, and the tokens of both");
  if (!command.parse()) return 0;
  if (tokenizers.size() != 2) {
    throw_config("tokenizer diff compares two tokenizers, but ", tokenizers.size(),
                 " were given; name two folders or files");
  }
  const auto first = Tokenizer::load(tokenizers[0]);
  const auto second = Tokenizer::load(tokenizers[1]);
  Totals totals;
  read_lines(files, false, [&](const std::string& line, const std::string& where) {
    utf8::require_valid(line, where);
    const TokenComparison comparison = compare_tokenizers(*first, *second, line);
    for (const TokenDifference& difference : comparison.differences)
      print_difference(where, difference, json);
    ++totals.lines;
    totals.different_lines += !comparison.differences.empty();
    totals.first_tokens += static_cast<int64_t>(comparison.first_tokens);
    totals.second_tokens += static_cast<int64_t>(comparison.second_tokens);
  });
  print_totals(totals, json);
  return 0;
}

}  // namespace slovo
