#include "tokenizer/jinja_parser.h"

#include <functional>
#include <initializer_list>

#include "tokenizer/jinja_expressions.h"

namespace slovo::jinja {
namespace {

class Parser : private ExpressionParser {
 public:
  Parser(std::vector<Token> tokens, const std::string& where)
      : ExpressionParser(std::move(tokens), where) {}

  Block run() {
    Block out = parse_block({});
    if (now().kind != Token::Kind::end)
      fail("the tag \"", now().text, "\" closes nothing that is open");
    return out;
  }

 private:
  // Statements.

  /// Statements up to a tag of `ends`, whose name is the token that comes next.
  Block parse_block(std::initializer_list<std::string_view> ends) {
    const Depth depth(*this);
    Block out;
    while (now().kind != Token::Kind::end) {
      const int line = now().line;
      if (now().kind == Token::Kind::text) {
        out.push_back(make(Kind::text, line, take().text));
      } else if (now().kind == Token::Kind::print_begin) {
        take();
        out.push_back(make_over(Kind::print, line, "", parse_tuple()));
        expect(Token::Kind::print_end, "}}");
      } else {
        expect(Token::Kind::block_begin, "{%");
        if (std::any_of(ends.begin(), ends.end(), [&](auto end) { return now().is_name(end); }))
          return out;
        if (now().kind == Token::Kind::name && now().text.starts_with("end") && ends.size() == 0)
          fail("the tag \"", now().text, "\" closes nothing that is open");
        out.push_back(parse_statement());
        expect(Token::Kind::block_end, "%}");
      }
    }
    if (ends.size() > 0) fail("the template ends where \"", *(ends.end() - 1), "\" is missing");
    return out;
  }

  /// The body of a tag, up to its end tag, which is taken.
  Block parse_body(std::string_view end) {
    Block out = parse_inner({end});
    take();
    return out;
  }
  Block parse_inner(std::initializer_list<std::string_view> ends) {
    skip_sign(":");
    expect(Token::Kind::block_end, "%}");
    return parse_block(ends);
  }

  NodePtr parse_statement() {
    const int line = now().line;
    const std::string tag = expect_any_name();
    if (tag == "for") return parse_for(line);
    if (tag == "if") return parse_if(line);
    if (tag == "set") return parse_set(line);
    if (tag == "macro") return parse_macro(line);
    if (tag == "call") return parse_call_block(line);
    if (tag == "filter") return parse_filter_block(line);
    if (tag == "with") return parse_with(line);
    if (tag == "generation") {
      NodePtr node = make(Kind::generation, line);
      node->blocks.push_back(outside_of_loops([&] { return parse_body("endgeneration"); }));
      return node;
    }
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) fail("\"", tag, "\" stands outside of a loop");
      return make(tag == "break" ? Kind::stop : Kind::skip, line);
    }
    --at_;
    fail("the tag \"", tag,
         "\" is not known; slovo knows for, if, set, macro, call, filter, with, generation, break, "
         "continue, raw");
  }

  Block outside_of_loops(const std::function<Block()>& body) {
    const int loops = std::exchange(loops_, 0);
    Block out = body();
    loops_ = loops;
    return out;
  }

  NodePtr parse_for(int line) {
    NodePtr target = parse_target("in", false);
    expect_name("in");
    NodePtr over = parse_tuple(false, "recursive");
    NodePtr test = skip_name("if") ? parse_expression() : nullptr;
    if (now().is_name("recursive"))
      fail("loops that call themselves (\"recursive\") are not supported");
    NodePtr node =
        make_over(Kind::loop, line, "", std::move(target), std::move(over), std::move(test));
    ++loops_;
    node->blocks.push_back(parse_inner({"else", "endfor"}));
    --loops_;
    node->blocks.push_back(take().text == "else" ? parse_body("endfor") : Block());
    return node;
  }

  NodePtr parse_if(int line) {
    NodePtr node = make(Kind::choice, line);
    while (true) {
      add(*node, parse_tuple(false));
      node->blocks.push_back(parse_inner({"elif", "else", "endif"}));
      const std::string tag = take().text;
      if (tag == "elif") continue;
      node->blocks.push_back(tag == "else" ? parse_body("endif") : Block());
      return node;
    }
  }

  NodePtr parse_set(int line) {
    NodePtr target = parse_target("", true);
    if (skip_sign("=")) return make_over(Kind::assign, line, "", std::move(target), parse_tuple());
    NodePtr node =
        make_over(Kind::assign_block, line, "", std::move(target), parse_filters(nullptr));
    node->blocks.push_back(parse_body("endset"));
    return node;
  }

  void parse_signature(Node& node) {
    expect_sign("(");
    while (!now().is_sign(")")) {
      if (!node.names.empty()) expect_sign(",");
      node.names.push_back(expect_any_name());
      if (node.names.size() > kMostArguments) fail("more than ", kMostArguments, " parameters");
      if (skip_sign("=")) {
        add(node, parse_expression());
        continue;
      }
      if (!node.kids.empty() && node.kids.back() != nullptr)
        fail("parameter \"", node.names.back(), "\" without a default follows one with a default");
      add(node, nullptr);
    }
    take();
  }

  NodePtr parse_macro(int line) {
    NodePtr node = make(Kind::macro, line, expect_any_name());
    parse_signature(*node);
    node->blocks.push_back(outside_of_loops([&] { return parse_body("endmacro"); }));
    return node;
  }

  NodePtr parse_call_block(int line) {
    NodePtr caller = make(Kind::macro, line, "caller");
    if (now().is_sign("(")) parse_signature(*caller);
    NodePtr call = parse_expression();
    if (call->kind != Kind::call) fail("{% call %} needs a call of a macro");
    caller->blocks.push_back(outside_of_loops([&] { return parse_body("endcall"); }));
    return make_over(Kind::call_block, line, "", std::move(call), std::move(caller));
  }

  NodePtr parse_filter_block(int line) {
    NodePtr first = parse_one_filter(nullptr);
    NodePtr node = make_over(Kind::filter_block, line, "", parse_filters(std::move(first)));
    node->blocks.push_back(parse_body("endfilter"));
    return node;
  }

  NodePtr parse_with(int line) {
    NodePtr node = make(Kind::with, line);
    while (now().kind != Token::Kind::block_end && !now().is_sign(":")) {
      if (!node->kids.empty()) expect_sign(",");
      add(*node, parse_target("", false));
      expect_sign("=");
      add(*node, parse_expression());
    }
    node->blocks.push_back(parse_body("endwith"));
    return node;
  }

  // What can be assigned to.

  NodePtr parse_target(std::string_view end, bool spaces) {
    const int line = now().line;
    NodePtr first = parse_one_target(spaces);
    if (!now().is_sign(",")) return first;
    NodePtr node = make_over(Kind::tuple, line, "", std::move(first));
    while (skip_sign(",")) {
      if (now().is_name(end) || now().is_sign("=") || now().is_sign(")")) break;
      add(*node, parse_one_target(spaces));
    }
    return node;
  }

  NodePtr parse_one_target(bool spaces) {
    const Depth depth(*this);
    const int line = now().line;
    if (skip_sign("(")) {
      NodePtr inner = parse_target("", false);
      expect_sign(")");
      return inner;
    }
    const std::string name = expect_any_name();
    for (const char* taken : {"true", "false", "none", "True", "False", "None"})
      if (name == taken) fail("nothing can be assigned to ", name);
    NodePtr node = make(Kind::name, line, name);
    if (!spaces || !skip_sign(".")) return node;
    return make_over(Kind::attribute, line, expect_any_name(), std::move(node));
  }

  int loops_ = 0;  ///< open around here, within the macro
};

}  // namespace

Block parse(std::string_view source, const std::string& where) {
  return Parser(tokenize(source, where), where).run();
}

}  // namespace slovo::jinja
