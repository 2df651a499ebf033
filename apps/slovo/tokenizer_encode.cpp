// slovo tokenizer encode and decode: texts to ids and back, a line each or the whole input as one.
#include <charconv>
#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "core/json.h"
#include "core/parallel.h"
#include "core/utf8.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer_lines.h"

namespace slovo {
namespace {

using Ids = std::vector<TokenId>;

std::string ids_text(const Ids& ids) {
  std::string out;
  for (const TokenId id : ids) out.append(out.empty() ? "" : " ").append(std::to_string(id));
  return out;
}

[[noreturn]] void throw_bad_id(const std::string& where, const std::string& found,
                               int64_t vocab_size) {
  throw_data(where, ": ", found, " is not an id; the tokenizer's are 0 to ", vocab_size - 1);
}

Ids ids_of_json(const std::string& line, const std::string& where, int64_t vocab_size) {
  const Json json = parse_json(line, where);
  const Json* list = &json;
  if (json.is_object()) {
    if (!json.contains("ids"))
      throw_data(where, ": \"ids\" is missing; give {\"ids\": [1, 2]}, [1, 2] or 1 2");
    list = &json["ids"];
  }
  if (!list->is_array())
    throw_data(where, ": the ids are ", list->type_name(), "; must be a list of integers");
  Ids out;
  for (const Json& id : *list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= static_cast<uint64_t>(vocab_size)) {
      throw_bad_id(where, id.dump(), vocab_size);
    }
    out.push_back(id.get<TokenId>());
  }
  return out;
}

/// "1 2 3", with any white space between.
Ids ids_of_words(const std::string& line, const std::string& where, int64_t vocab_size) {
  Ids out;
  constexpr const char* kSpaces = " \t\r\n";
  for (size_t at = line.find_first_not_of(kSpaces); at != std::string::npos;) {
    const size_t end = std::min(line.find_first_of(kSpaces, at), line.size());
    TokenId id = -1;
    const auto parsed = std::from_chars(line.data() + at, line.data() + end, id);
    if (parsed.ec != std::errc() || parsed.ptr != line.data() + end || id < 0 || id >= vocab_size) {
      throw_bad_id(where, cat("\"", utf8::replace_invalid(line.substr(at, end - at)), "\""),
                   vocab_size);
    }
    out.push_back(id);
    at = line.find_first_not_of(kSpaces, end);
  }
  return out;
}

Ids parse_ids(const std::string& line, const std::string& where, int64_t vocab_size) {
  const size_t first = line.find_first_not_of(" \t\r\n");
  const bool json = first != std::string::npos && (line[first] == '{' || line[first] == '[');
  return json ? ids_of_json(line, where, vocab_size) : ids_of_words(line, where, vocab_size);
}

struct Options {
  std::vector<std::string> files;
  bool whole = false;
  bool no_special = false;
  bool json = false;
  bool count = false;
};

/// The options that encode and decode share; false when --help was printed.
bool parse(Command& command, Options& options, const char* no_special) {
  return command.sections({"run", "tokenizer"})
      .words("FILE", options.files, "input files; - or none is stdin")
      .flag("--whole", options.whole, "the input is one text, not one a line")
      .flag("--no-special", options.no_special, no_special)
      .flag("--json", options.json, "one JSON object a text")
      .needs("tokenizer.path")
      .parse();
}

std::string encoded_text(const Ids& ids, const Options& options) {
  if (options.count) {
    return options.json ? Json{{"tokens", ids.size()}}.dump() : std::to_string(ids.size());
  }
  return options.json ? Json{{"ids", ids}}.dump() : ids_text(ids);
}

}  // namespace

int run_tokenizer_encode(const Invocation& call) {
  Options options;
  Command command(call);
  command.flag("--count", options.count, "the number of tokens of each text instead of their ids")
      .example("slovo tokenizer encode --tokenizer book-tokenizer --whole --json book.txt",
               "ids of a whole file")
      .example("echo Hello | slovo tokenizer encode --tokenizer runs/book/model",
               "ids of each line");
  if (!parse(command, options,
             "do not add the tokens that the tokenizer puts around a text (BOS, EOS)"))
    return 0;
  const auto tokenizer = Tokenizer::load(command.config().tokenizer.path);
  const int threads = thread_count(command.config().run.threads);
  const auto specials = options.no_special ? SpecialTokens::none : SpecialTokens::add;
  read_lines(options.files, options.whole, [&](const std::string& text, const std::string& where) {
    utf8::require_valid(text, where);
    const Ids ids = tokenizer->encode(text, specials, threads);
    std::printf("%s\n", encoded_text(ids, options).c_str());
  });
  return 0;
}

int run_tokenizer_decode(const Invocation& call) {
  Options options;
  Command command(call);
  command.example("slovo tokenizer decode --tokenizer runs/book/model ids.txt",
                  "the text of each line's ids");
  if (!parse(command, options, "leave special tokens out of the text")) return 0;
  const auto tokenizer = Tokenizer::load(command.config().tokenizer.path);
  read_lines(options.files, options.whole, [&](const std::string& line, const std::string& where) {
    const Ids ids = parse_ids(line, where, tokenizer->vocab_size());
    const std::string text = utf8::replace_invalid(tokenizer->decode(ids, options.no_special));
    const std::string shown = options.json    ? Json{{"text", text}}.dump() + "\n"
                              : options.whole ? text
                                              : text + "\n";
    std::fwrite(shown.data(), 1, shown.size(), stdout);
  });
  return 0;
}

}  // namespace slovo
