#include "tokenizer/jinja_expressions.h"

namespace slovo::jinja {

NodePtr ExpressionParser::parse_tuple(bool conditions, std::string_view end, bool brackets) {
  const int line = now().line;
  NodePtr node = make(Kind::tuple, line);
  bool commas = false;
  while (true) {
    if (now().kind == Token::Kind::print_end || now().kind == Token::Kind::block_end ||
        now().is_sign(")") || (!end.empty() && now().is_name(end)))
      break;
    add(*node, conditions ? parse_expression() : parse_or());
    if (!skip_sign(",")) break;
    commas = true;
  }
  if (commas || (brackets && node->kids.empty())) return node;
  if (node->kids.empty()) fail("expected an expression, found ", shown());
  return std::move(node->kids[0]);
}

NodePtr ExpressionParser::parse_expression() {
  const Depth depth(*this);
  int line = now().line;
  NodePtr node = parse_or();
  while (skip_name("if")) {
    NodePtr test = parse_or();
    NodePtr other = skip_name("else") ? parse_expression() : nullptr;
    node = make_over(Kind::condition, line, "", std::move(test), std::move(node), std::move(other));
    line = now().line;
  }
  return node;
}

NodePtr ExpressionParser::parse_or() {
  NodePtr node = parse_and();
  while (now().is_name("or")) {
    const int line = take().line;
    node = make_over(Kind::either, line, "", std::move(node), parse_and());
  }
  return node;
}

NodePtr ExpressionParser::parse_and() {
  NodePtr node = parse_not();
  while (now().is_name("and")) {
    const int line = take().line;
    node = make_over(Kind::both, line, "", std::move(node), parse_not());
  }
  return node;
}

NodePtr ExpressionParser::parse_not() {
  if (!now().is_name("not")) return parse_compare();
  const Depth depth(*this);
  const int line = take().line;
  return make_over(Kind::negation, line, "", parse_not());
}

NodePtr ExpressionParser::parse_compare() {
  const int line = now().line;
  NodePtr first = parse_sum();
  NodePtr node = make(Kind::compare, line);
  while (true) {
    const bool sign = now().is_sign("==") || now().is_sign("!=") || now().is_sign("<") ||
                      now().is_sign("<=") || now().is_sign(">") || now().is_sign(">=");
    const bool not_in = now().is_name("not") && ahead().is_name("in");
    if (!sign && !not_in && !now().is_name("in")) break;
    if (node->kids.empty()) add(*node, std::move(first));
    node->names.push_back(not_in ? "not in" : now().text);
    take();
    if (not_in) take();
    add(*node, parse_sum());
  }
  return node->kids.empty() ? std::move(first) : std::move(node);
}

NodePtr ExpressionParser::parse_sum() {
  NodePtr node = parse_concat();
  while (now().is_sign("+") || now().is_sign("-")) {
    const Token sign = take();
    node = make_over(Kind::binary, sign.line, sign.text, std::move(node), parse_concat());
  }
  return node;
}

NodePtr ExpressionParser::parse_concat() {
  NodePtr first = parse_product();
  if (!now().is_sign("~")) return first;
  NodePtr node = make_over(Kind::concat, now().line, "", std::move(first));
  while (skip_sign("~")) add(*node, parse_product());
  return node;
}

NodePtr ExpressionParser::parse_product() {
  NodePtr node = parse_power();
  while (now().is_sign("*") || now().is_sign("/") || now().is_sign("//") || now().is_sign("%")) {
    const Token sign = take();
    node = make_over(Kind::binary, sign.line, sign.text, std::move(node), parse_power());
  }
  return node;
}

NodePtr ExpressionParser::parse_power() {
  NodePtr node = parse_unary(true);
  while (now().is_sign("**")) {
    const Token sign = take();
    node = make_over(Kind::binary, sign.line, sign.text, std::move(node), parse_unary(true));
  }
  return node;
}

NodePtr ExpressionParser::parse_unary(bool filters) {
  const Depth depth(*this);
  NodePtr node;
  if (now().is_sign("-") || now().is_sign("+")) {
    const Token sign = take();
    node =
        make_over(sign.text == "-" ? Kind::negate : Kind::plus, sign.line, "", parse_unary(false));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

NodePtr ExpressionParser::parse_primary() {
  const Token token = now();
  switch (token.kind) {
    case Token::Kind::name:
      return parse_name();
    case Token::Kind::string: {
      std::string text;
      while (now().kind == Token::Kind::string) text += take().text;
      return constant(token.line, Value::text(std::move(text)));
    }
    case Token::Kind::integer: {
      const auto number = parse_integer(token.text);
      if (!number) fail("the number ", token.text, " has more than 64 bits");
      take();
      return constant(token.line, Value::integer(*number));
    }
    case Token::Kind::number:
      take();
      return constant(token.line, Value::number(parse_float(token.text).value_or(0)));
    default:
      break;
  }
  if (skip_sign("(")) {
    NodePtr node = parse_tuple(true, "", true);
    expect_sign(")");
    return node;
  }
  if (token.is_sign("[")) return parse_list();
  if (token.is_sign("{")) return parse_dict();
  fail("expected an expression, found ", shown());
}

NodePtr ExpressionParser::parse_name() {
  const Token token = take();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return constant(token.line, Value::boolean(true));
  if (name == "false" || name == "False") return constant(token.line, Value::boolean(false));
  if (name == "none" || name == "None") return constant(token.line, Value());
  return make(Kind::name, token.line, name);
}

NodePtr ExpressionParser::parse_list() {
  NodePtr node = make(Kind::list, take().line);
  while (!now().is_sign("]")) {
    if (!node->kids.empty()) expect_sign(",");
    if (now().is_sign("]")) break;
    add(*node, parse_expression());
  }
  take();
  return node;
}

NodePtr ExpressionParser::parse_dict() {
  NodePtr node = make(Kind::dict, take().line);
  while (!now().is_sign("}")) {
    if (!node->kids.empty()) expect_sign(",");
    if (now().is_sign("}")) break;
    add(*node, parse_expression());
    expect_sign(":");
    add(*node, parse_expression());
  }
  take();
  return node;
}

NodePtr ExpressionParser::parse_postfix(NodePtr node) {
  while (true) {
    const int line = now().line;
    if (skip_sign(".")) {
      if (now().kind == Token::Kind::integer) {
        node = make_over(Kind::item, line, "", std::move(node), parse_primary());
      } else {
        node = make_over(Kind::attribute, line, expect_any_name(), std::move(node));
      }
    } else if (skip_sign("[")) {
      node = make_over(Kind::item, line, "", std::move(node), parse_subscript());
      if (now().is_sign(",")) fail("several values in [ ] are not supported");
      expect_sign("]");
    } else if (now().is_sign("(")) {
      node = make_over(Kind::call, line, "", std::move(node));
      parse_arguments(*node);
    } else {
      return node;
    }
  }
}

NodePtr ExpressionParser::parse_subscript() {
  const int line = now().line;
  NodePtr begin = now().is_sign(":") ? nullptr : parse_expression();
  if (!skip_sign(":")) return begin;
  const auto part = [&]() -> NodePtr {
    return now().is_sign(":") || now().is_sign("]") ? nullptr : parse_expression();
  };
  NodePtr end = part();
  NodePtr step = skip_sign(":") ? part() : nullptr;
  return make_over(Kind::slice, line, "", std::move(begin), std::move(end), std::move(step));
}

void ExpressionParser::parse_arguments(Node& node) {
  expect_sign("(");
  while (!now().is_sign(")")) {
    if (!node.names.empty()) expect_sign(",");
    if (now().is_sign(")")) break;
    if (now().is_sign("*") || now().is_sign("**"))
      fail("arguments from a list or dict (\"", now().text, "\") are not supported");
    std::string name;
    if (now().kind == Token::Kind::name && ahead().is_sign("=")) {
      name = take().text;
      take();
    } else if (!node.names.empty() && !node.names.back().empty()) {
      fail("an argument without a name follows one with a name");
    }
    node.names.push_back(std::move(name));
    if (node.names.size() > kMostArguments) fail("more than ", kMostArguments, " arguments");
    add(node, parse_expression());
  }
  take();
}

NodePtr ExpressionParser::parse_filters_and_tests(NodePtr node) {
  while (true) {
    if (now().is_sign("|")) {
      node = parse_filters(std::move(node));
    } else if (now().is_name("is")) {
      node = parse_test(std::move(node));
    } else if (now().is_sign("(")) {  // a filter's or test's result is called
      node = make_over(Kind::call, now().line, "", std::move(node));
      parse_arguments(*node);
    } else {
      return node;
    }
  }
}

NodePtr ExpressionParser::parse_filters(NodePtr node) {
  while (skip_sign("|")) node = parse_one_filter(std::move(node));
  return node;
}

NodePtr ExpressionParser::parse_one_filter(NodePtr input) {
  const int line = now().line;
  NodePtr node = make_over(Kind::filter, line, expect_any_name(), std::move(input));
  while (skip_sign(".")) node->name += "." + expect_any_name();
  if (now().is_sign("(")) parse_arguments(*node);
  return node;
}

NodePtr ExpressionParser::parse_test(NodePtr input) {
  const int line = take().line;
  const bool negated = skip_name("not");
  NodePtr node = make_over(Kind::test, line, expect_any_name(), std::move(input));
  if (now().is_sign("(")) {
    parse_arguments(*node);
  } else if (begins_argument()) {
    if (now().is_name("is")) fail("tests with \"is\" cannot be chained");
    node->names.emplace_back();
    add(*node, parse_postfix(parse_primary()));
  }
  return negated ? make_over(Kind::negation, line, "", std::move(node)) : std::move(node);
}

/// Tests may have one argument without brackets: "is divisibleby 3".
bool ExpressionParser::begins_argument() const {
  switch (now().kind) {
    case Token::Kind::name:
      return !now().is_name("else") && !now().is_name("or") && !now().is_name("and");
    case Token::Kind::string:
    case Token::Kind::integer:
    case Token::Kind::number:
      return true;
    default:
      return now().is_sign("[") || now().is_sign("{");
  }
}

}  // namespace slovo::jinja
