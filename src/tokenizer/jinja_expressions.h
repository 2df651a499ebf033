// Reads the expressions of Jinja templates: the tokens, the making of nodes, and one function for
// each level of how tightly operators bind. Statements are read by what is derived from it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "tokenizer/jinja_lexer.h"
#include "tokenizer/jinja_parser.h"
#include "tokenizer/jinja_text.h"

namespace slovo::jinja {

/// Reading, running and freeing a tree recurse.
constexpr int kDeepestTree = 150;
constexpr size_t kMostArguments = 255;

class ExpressionParser {
 protected:
  using Kind = Node::Kind;

  ExpressionParser(std::vector<Token> tokens, const std::string& where)
      : tokens_(std::move(tokens)), where_(where) {}

  struct Depth {
    explicit Depth(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > kDeepestTree) parser_.fail("the template is nested too deeply");
    }
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    ExpressionParser& parser_;
  };

  template <class... Args>
  [[noreturn]] void fail(const Args&... args) const {
    throw_data(where_, ":", now().line, ": ", args...);
  }

  // Tokens.

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token take() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  bool skip_sign(std::string_view sign) {
    if (!now().is_sign(sign)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!now().is_name(name)) return false;
    take();
    return true;
  }
  std::string shown() const {
    switch (now().kind) {
      case Token::Kind::end:
        return "the end of the template";
      case Token::Kind::print_end:
        return "\"}}\"";
      case Token::Kind::block_end:
        return "\"%}\"";
      case Token::Kind::string:
        return "the string " + python_quoted(now().text);
      default:
        return "\"" + now().text + "\"";
    }
  }
  void expect_sign(std::string_view sign) {
    if (!skip_sign(sign)) fail("expected \"", sign, "\", found ", shown());
  }
  void expect_name(std::string_view name) {
    if (!skip_name(name)) fail("expected \"", name, "\", found ", shown());
  }
  std::string expect_any_name() {
    if (now().kind != Token::Kind::name) fail("expected a name, found ", shown());
    return take().text;
  }
  void expect(Token::Kind kind, std::string_view shown_as) {
    if (now().kind != kind) fail("expected \"", shown_as, "\", found ", shown());
    take();
  }

  // Nodes.

  NodePtr make(Kind kind, int line, std::string name = "") const {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->line = line;
    node->name = std::move(name);
    return node;
  }
  void add(Node& node, NodePtr kid) const {
    if (kid != nullptr) node.depth = std::max(node.depth, kid->depth + 1);
    if (node.depth > kDeepestTree)
      fail("an expression is nested or chained more than ", kDeepestTree, " deep");
    node.kids.push_back(std::move(kid));
  }
  template <class... Kids>
  NodePtr make_over(Kind kind, int line, std::string name, Kids... kids) const {
    NodePtr node = make(kind, line, std::move(name));
    (add(*node, std::move(kids)), ...);
    return node;
  }
  NodePtr constant(int line, Value value) const {
    NodePtr node = make(Kind::constant, line);
    node->value = std::move(value);
    return node;
  }

  // Expressions.

  NodePtr parse_tuple(bool conditions = true, std::string_view end = "", bool brackets = false);
  NodePtr parse_expression();
  NodePtr parse_or();
  NodePtr parse_and();
  NodePtr parse_not();
  NodePtr parse_compare();
  NodePtr parse_sum();
  NodePtr parse_concat();
  NodePtr parse_product();
  NodePtr parse_power();
  NodePtr parse_unary(bool filters);
  NodePtr parse_primary();
  NodePtr parse_name();
  NodePtr parse_list();
  NodePtr parse_dict();
  NodePtr parse_postfix(NodePtr node);
  NodePtr parse_subscript();
  void parse_arguments(Node& node);
  NodePtr parse_filters_and_tests(NodePtr node);
  NodePtr parse_filters(NodePtr node);
  NodePtr parse_one_filter(NodePtr input);
  NodePtr parse_test(NodePtr input);
  bool begins_argument() const;

  std::vector<Token> tokens_;
  const std::string& where_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace slovo::jinja
