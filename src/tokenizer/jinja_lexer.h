// Cuts a Jinja template into tokens as Jinja's lexer does with trim_blocks and lstrip_blocks: white
// space around tags, comments and raw blocks are dealt with here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slovo::jinja {

struct Token {
  enum class Kind {
    text,         ///< outside of tags
    print_begin,  ///< {{
    print_end,
    block_begin,  ///< {%
    block_end,
    name,
    string,
    integer,
    number,
    sign,  ///< an operator or a bracket
    end,
  };
  Kind kind = Kind::end;
  std::string text;
  int line = 1;

  bool is(Kind other, std::string_view what) const { return kind == other && text == what; }
  bool is_sign(std::string_view what) const { return is(Kind::sign, what); }
  bool is_name(std::string_view what) const { return is(Kind::name, what); }
};

/// The tokens of `source`, Kind::end last. `where` leads the message of the Error(data) that a
/// wrong template throws.
std::vector<Token> tokenize(std::string_view source, const std::string& where);

}  // namespace slovo::jinja
