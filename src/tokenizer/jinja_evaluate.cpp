// Expressions.
#include <algorithm>

#include "tokenizer/jinja_interpreter.h"
#include "tokenizer/jinja_operators.h"

namespace slovo::jinja {

using Kind = Node::Kind;

Value Interpreter::evaluate(const Node& node) {
  const Nested nested(runtime_);
  runtime_.line = node.line;
  runtime_.step();
  switch (node.kind) {
    case Kind::constant:
      return node.value;
    case Kind::name:
      return evaluate_name(node);
    case Kind::list:
      return evaluate_list(node, List::Kind::list);
    case Kind::tuple:
      return evaluate_list(node, List::Kind::tuple);
    case Kind::dict:
      return evaluate_dict(node);
    case Kind::attribute:
      return attribute(runtime_, evaluate(*node.kids[0]), node.name);
    case Kind::item:
      return evaluate_item(node);
    case Kind::call:
      return evaluate_call(node, nullptr);
    case Kind::filter:
      return evaluate_filter(node, nullptr);
    case Kind::test: {
      const Value input = evaluate(*node.kids[0]);
      return Value::boolean(apply_test(runtime_, node.name, input, arguments(node)));
    }
    case Kind::negate:
      return negate(runtime_, evaluate(*node.kids[0]));
    case Kind::plus:
      return binary(runtime_, "+", Value::integer(0), evaluate(*node.kids[0]));
    case Kind::negation:
      return Value::boolean(!truth(evaluate(*node.kids[0])));
    case Kind::both: {
      Value left = evaluate(*node.kids[0]);
      return truth(left) ? evaluate(*node.kids[1]) : left;
    }
    case Kind::either: {
      Value left = evaluate(*node.kids[0]);
      return truth(left) ? left : evaluate(*node.kids[1]);
    }
    case Kind::binary: {
      const Value left = evaluate(*node.kids[0]);
      const Value right = evaluate(*node.kids[1]);
      return binary(runtime_, node.name, left, right);
    }
    case Kind::compare:
      return evaluate_compare(node);
    case Kind::concat:
      return evaluate_concat(node);
    case Kind::condition:
      return evaluate_condition(node);
    default:
      SLOVO_CHECK(false, "not an expression");
  }
}

Value Interpreter::evaluate_list(const Node& node, List::Kind kind) {
  Values items;
  for (const NodePtr& kid : node.kids) items.push_back(evaluate(*kid));
  return make_list(runtime_, std::move(items), kind);
}

Value Interpreter::evaluate_dict(const Node& node) {
  std::vector<std::pair<Value, Value>> items;
  for (size_t i = 0; i < node.kids.size(); i += 2) {
    Value key = evaluate(*node.kids[i]);
    Value value = evaluate(*node.kids[i + 1]);
    if (key.dict() != nullptr || (key.list() != nullptr && key.list()->kind != List::Kind::tuple))
      runtime_.fail("a ", key.type_name(), " cannot be the key of a dict");
    const auto same = std::find_if(items.begin(), items.end(), [&](const auto& item) {
      runtime_.step();
      return equal(item.first, key);
    });
    if (same == items.end())
      items.emplace_back(std::move(key), std::move(value));
    else
      same->second = std::move(value);
  }
  return make_dict(runtime_, std::move(items));
}

Value Interpreter::evaluate_item(const Node& node) {
  const Value value = evaluate(*node.kids[0]);
  const Node& key = *node.kids[1];
  if (key.kind != Kind::slice) return item(runtime_, value, evaluate(key));
  const auto part = [&](size_t i) {
    return key.kids[i] == nullptr ? Value() : evaluate(*key.kids[i]);
  };
  const Value begin = part(0), end = part(1), step = part(2);
  return slice(runtime_, value, begin, end, step);
}

Value Interpreter::evaluate_compare(const Node& node) {
  Value left = evaluate(*node.kids[0]);
  for (size_t i = 0; i < node.names.size(); ++i) {
    Value right = evaluate(*node.kids[i + 1]);
    if (!holds(runtime_, node.names[i], left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::evaluate_concat(const Node& node) {
  std::string out;
  for (const NodePtr& kid : node.kids) out += print(runtime_, evaluate(*kid));
  return make_text(runtime_, std::move(out));
}

Value Interpreter::evaluate_condition(const Node& node) {
  if (truth(evaluate(*node.kids[0]))) return evaluate(*node.kids[1]);
  if (node.kids[2] != nullptr) return evaluate(*node.kids[2]);
  return Value::undefined("the \"if\" of an expression is false and there is no \"else\"");
}

/// `block`: what a filter without an input is applied to.
Value Interpreter::evaluate_filter(const Node& node, const Value* block) {
  const Node* inner = node.kids[0].get();
  const Nested nested(runtime_);
  const Value input = inner == nullptr ? *block
                      : block != nullptr && inner->kind == Kind::filter
                          ? evaluate_filter(*inner, block)
                          : evaluate(*inner);
  Arguments given = arguments(node);
  runtime_.line = node.line;
  return apply_filter(runtime_, node.name, input, std::move(given));
}

Value Interpreter::evaluate_call(const Node& node, const Value* caller) {
  const Value callee = evaluate(*node.kids[0]);
  Arguments given = arguments(node);
  if (caller != nullptr) given.named.emplace_back("caller", *caller);
  runtime_.line = node.line;
  return call(callee, std::move(given));
}

Arguments Interpreter::arguments(const Node& node) {
  Arguments out;
  for (size_t i = 0; i < node.names.size(); ++i) {
    Value value = evaluate(*node.kids[i + 1]);
    if (node.names[i].empty())
      out.values.push_back(std::move(value));
    else
      out.named.emplace_back(node.names[i], std::move(value));
  }
  return out;
}

}  // namespace slovo::jinja
