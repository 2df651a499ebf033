// Mutated chat templates: each renders or is refused in one clear line; none crashes or hangs.
#include <algorithm>
#include <random>

#include "core/utf8.h"
#include "fuzz.h"
#include "tokenizer/jinja_interpreter.h"

namespace slovo {
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  const Json expected = read_json(testing::fixture("chat/expected.json"));
  for (const Json& row : expected["snippets"]) out.push_back(row["template"].get<std::string>());
  for (const auto& entry : std::filesystem::directory_iterator(testing::fixture("chat")))
    if (entry.path().extension() == ".jinja") out.push_back(read_file(entry.path()));
  std::sort(out.begin(), out.end());
  return out;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> templates, uint32_t seed)
      : templates_(std::move(templates)), random_(seed) {}

  std::string next() {
    std::string text = pick(templates_);
    for (size_t i = below(4); i-- > 0;) mutate(text);
    return text;
  }

 private:
  size_t below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }
  const std::string& pick(const std::vector<std::string>& list) { return list[below(list.size())]; }

  void mutate(std::string& text) {
    static const std::vector<std::string> kParts = {"{%",
                                                    "%}",
                                                    "{{",
                                                    "}}",
                                                    "{#",
                                                    "#}",
                                                    "-",
                                                    "+",
                                                    "(",
                                                    ")",
                                                    "[",
                                                    "]",
                                                    "{",
                                                    "}",
                                                    "'",
                                                    "\"",
                                                    "|",
                                                    ".",
                                                    ":",
                                                    ",",
                                                    "~",
                                                    "**",
                                                    "//",
                                                    "* 99999999",
                                                    " if ",
                                                    " else ",
                                                    " in ",
                                                    " is ",
                                                    " not ",
                                                    "loop",
                                                    "messages",
                                                    "range(99999)",
                                                    "[-1]",
                                                    "[::-1]",
                                                    "|list",
                                                    "|tojson",
                                                    "|join",
                                                    "|map('upper')",
                                                    "|sort",
                                                    "()",
                                                    "namespace(a=1)",
                                                    "1e308",
                                                    "9223372036854775807",
                                                    "-9223372036854775808",
                                                    "{% for i in messages %}",
                                                    "{% endfor %}",
                                                    "{% if 1 %}",
                                                    "{% endif %}",
                                                    "{% macro m(a) %}",
                                                    "{% endmacro %}",
                                                    "{{ m(m) }}",
                                                    "{% set m = [m] %}",
                                                    "{% set ns.a = ns %}",
                                                    "{% raw %}",
                                                    "\n",
                                                    "\\",
                                                    "\\u",
                                                    "é",
                                                    "\xff",
                                                    "🙂",
                                                    "{% generation %}",
                                                    "{% endgeneration %}",
                                                    "{% call m() %}",
                                                    "{% endcall %}"};
    const size_t at = below(text.size() + 1);
    switch (below(4)) {
      case 0:
        text.insert(at, pick(kParts));
        break;
      case 1:
        text.erase(at, below(20));
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(40)));
        break;
      default: {
        const std::string& other = pick(templates_);
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
      }
    }
  }

  std::vector<std::string> templates_;
  std::mt19937 random_;
};

/// The message of a refusal, or "".
std::string run(const std::string& source, const Json& messages) {
  try {
    const jinja::Block block = jinja::parse(source, "fuzz");
    jinja::Runtime runtime("fuzz", {.steps = 20'000, .bytes = 4 << 20, .depth = 1000});
    jinja::Interpreter interpreter(runtime);
    interpreter.set("messages", from_json(runtime, messages));
    interpreter.run(block);
    EXPECT_TRUE(utf8::is_valid(interpreter.output)) << source;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::data) << error.what() << "\n" << source;
    return error.what();
  }
  return "";
}

TEST(ChatTemplateFuzz, RendersOrRefuses) {
  const Json messages =
      read_json(testing::fixture("chat/expected.json"))["dialogues"][1]["messages"];
  Mutator mutator(seeds(), static_cast<uint32_t>(20251 + testing::fuzz_from()));
  uint64_t rendered = 0;
  for (uint64_t i = 0; i < testing::fuzz_inputs(); ++i) {
    const std::string source = mutator.next();
    const std::string error = run(source, messages);
    rendered += error.empty() ? 1 : 0;
    if (error.empty()) continue;
    EXPECT_TRUE(error.starts_with("fuzz:") && error.size() > 8) << error;
  }
  EXPECT_GT(rendered, testing::fuzz_inputs() / 10) << "the mutations leave too little that runs";
}

}  // namespace
}  // namespace slovo
