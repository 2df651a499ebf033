#include "tokenizer/jinja_operators.h"

#include <algorithm>
#include <cmath>

#include "core/utf8.h"
#include "tokenizer/jinja_functions.h"
#include "tokenizer/jinja_text.h"

namespace slovo::jinja {
namespace {

[[noreturn]] void refuse(const Runtime& runtime, std::string_view sign, const Value& left,
                         const Value& right) {
  if (left.undefined() != nullptr) runtime.fail(left.undefined()->why);
  if (right.undefined() != nullptr) runtime.fail(right.undefined()->why);
  runtime.fail("\"", sign, "\" does not take ", left.type_name(), " and ", right.type_name());
}

void check_fits(const Runtime& runtime, bool overflow) {
  if (overflow) runtime.fail("a number has more than 64 bits");
}

double floor_mod(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t power(const Runtime& runtime, int64_t base, int64_t exponent) {
  int64_t out = 1;
  for (bool overflow = false; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0) overflow = __builtin_mul_overflow(out, base, &out);
    if (exponent > 1) overflow = overflow || __builtin_mul_overflow(base, base, &base);
    check_fits(runtime, overflow);
  }
  return out;
}

/// `/`, `//`, `%` and `**` of integers.
Value divided(Runtime& runtime, std::string_view sign, int64_t a, int64_t b) {
  if (sign == "**") {
    if (b >= 0) return Value::integer(power(runtime, a, b));
    if (a == 0) runtime.fail("0 cannot be raised to a negative power");
    return Value::number(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  if (b == 0) runtime.fail("division by zero");
  if (sign == "/") return Value::number(static_cast<double>(a) / static_cast<double>(b));
  check_fits(runtime, a == INT64_MIN && b == -1);
  const bool below = a % b != 0 && (a < 0) != (b < 0);  // C++ rounds to zero, Python down
  return Value::integer(sign == "//" ? a / b - (below ? 1 : 0) : a % b + (below ? b : 0));
}

Value of_integers(Runtime& runtime, std::string_view sign, int64_t a, int64_t b) {
  int64_t out = 0;
  bool overflow = false;
  if (sign == "+")
    overflow = __builtin_add_overflow(a, b, &out);
  else if (sign == "-")
    overflow = __builtin_sub_overflow(a, b, &out);
  else if (sign == "*")
    overflow = __builtin_mul_overflow(a, b, &out);
  else
    return divided(runtime, sign, a, b);
  check_fits(runtime, overflow);
  return Value::integer(out);
}

Value of_numbers(Runtime& runtime, std::string_view sign, double a, double b) {
  if (sign == "+") return Value::number(a + b);
  if (sign == "-") return Value::number(a - b);
  if (sign == "*") return Value::number(a * b);
  if (sign == "**") {
    if (a == 0 && b < 0) runtime.fail("0 cannot be raised to a negative power");
    if (a < 0 && b != std::floor(b)) runtime.fail("a root of a negative number");
    return Value::number(std::pow(a, b));
  }
  if (b == 0) runtime.fail("division by zero");
  if (sign == "/") return Value::number(a / b);
  if (sign == "%") return Value::number(floor_mod(a, b));
  return Value::number(std::round((a - floor_mod(a, b)) / b));
}

/// "+" on strings of which one is markup: the other is escaped.
Value joined(Runtime& runtime, const Value& left, const Value& right) {
  const bool markup = left.is_markup() || right.is_markup();
  const auto part = [&](const Value& side) {
    return markup && !side.is_markup() ? escape(*side.text()) : *side.text();
  };
  runtime.make(left.text()->size() + right.text()->size());
  return Value::text(part(left) + part(right), markup);
}

Value repeated(Runtime& runtime, const Value& value, int64_t times) {
  times = std::max<int64_t>(times, 0);
  const auto* text = value.text();
  const size_t unit = text != nullptr ? text->size() : value.list()->items.size() * sizeof(Value);
  if (unit > 0 && times > INT32_MAX) runtime.make(SIZE_MAX / 2);
  runtime.make(unit * static_cast<size_t>(unit > 0 ? times : 0));
  if (text != nullptr) {
    std::string out;
    for (int64_t i = 0; i < times && unit > 0; ++i) out += *text;
    return Value::text(std::move(out), value.is_markup());
  }
  Values out;
  for (int64_t i = 0; i < times && unit > 0; ++i)
    out.insert(out.end(), value.list()->items.begin(), value.list()->items.end());
  return make_list(runtime, std::move(out), value.list()->kind);
}

bool is_sequence(const Value& value) {
  return value.list() != nullptr && value.list()->kind <= List::Kind::tuple;
}

Value chained(Runtime& runtime, const List& left, const List& right) {
  runtime.make((left.items.size() + right.items.size()) * sizeof(Value));
  Values out = left.items;
  out.insert(out.end(), right.items.begin(), right.items.end());
  return make_list(runtime, std::move(out), left.kind);
}

Value missing(const Value& value, const std::string& name) {
  return Value::undefined(cat("the value of type ", value.type_name(), " has no \"", name, "\""));
}

Value loop_attribute(const Value& value, const std::string& name) {
  const Loop& loop = *value.loop();
  const auto index = static_cast<int64_t>(loop.index);
  const auto size = static_cast<int64_t>(loop.items->size());
  if (name == "index") return Value::integer(index + 1);
  if (name == "index0") return Value::integer(index);
  if (name == "revindex") return Value::integer(size - index);
  if (name == "revindex0") return Value::integer(size - index - 1);
  if (name == "first") return Value::boolean(index == 0);
  if (name == "last") return Value::boolean(index + 1 == size);
  if (name == "length") return Value::integer(size);
  if (name == "depth") return Value::integer(1);
  if (name == "depth0") return Value::integer(0);
  if (name == "previtem")
    return index > 0 ? (*loop.items)[loop.index - 1]
                     : Value::undefined("there is no previous item");
  if (name == "nextitem")
    return index + 1 < size ? (*loop.items)[loop.index + 1]
                            : Value::undefined("there is no next item");
  return missing(value, name);
}

Value bound_method(const Value& value, const std::string& name) {
  Function method;
  method.kind = Function::Kind::method;
  method.name = name;
  method.self = value;
  return std::make_shared<const Function>(std::move(method));
}

/// The key `name` of what has keys, or null.
const Value* keyed(Runtime& runtime, const Value& value, const std::string& name) {
  if (value.dict() != nullptr) {
    runtime.work(static_cast<int64_t>(value.dict()->items.size()));
    return value.dict()->find(name);
  }
  if (value.space() == nullptr) return nullptr;
  const auto found = value.space()->items.find(name);
  return found == value.space()->items.end() ? nullptr : &found->second;
}

/// The offset of the character `index` (negative: from the end), or npos.
size_t character_at(std::string_view text, int64_t index) {
  if (index < 0) index += static_cast<int64_t>(utf8::count(text));
  if (index < 0) return std::string_view::npos;
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += utf8::char_length(text, at);
  return at < text.size() ? at : std::string_view::npos;
}

struct Range {
  int64_t begin, end, step;
};

/// Python's slice.indices().
Range slice_range(Runtime& runtime, const Value parts[3], int64_t size) {
  const auto part = [&](const Value& value, int64_t fallback) {
    if (value.is_none()) return fallback;
    if (value.undefined() != nullptr) runtime.fail(value.undefined()->why);
    if (!value.as_integer()) runtime.fail("[a:b] needs integers, not ", value.type_name());
    return *value.as_integer();
  };
  const int64_t step = part(parts[2], 1);
  if (step == 0) runtime.fail("the step of [a:b:step] is zero");
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  const auto bound = [&](const Value& value, int64_t fallback) {
    if (value.is_none()) return fallback;
    int64_t at = part(value, 0);
    if (at < 0) at = std::max(at, -size - 1) + size;
    return std::clamp(at, low, high);
  };
  return {bound(parts[0], step > 0 ? low : high), bound(parts[1], step > 0 ? high : low), step};
}

template <class Take>
void each_of(const Range& range, int64_t size, const Take& take) {
  const int64_t step = std::clamp(range.step, -size - 1, size + 1);
  for (int64_t i = range.begin; step > 0 ? i < range.end : i > range.end; i += step)
    take(static_cast<size_t>(i));
}

}  // namespace

Value binary(Runtime& runtime, std::string_view sign, const Value& left, const Value& right) {
  const auto a = left.as_integer(), b = right.as_integer();
  if (a && b) return of_integers(runtime, sign, *a, *b);
  const auto x = left.as_number(), y = right.as_number();
  if (x && y) return of_numbers(runtime, sign, *x, *y);
  if (sign == "+") {
    if (left.text() != nullptr && right.text() != nullptr) return joined(runtime, left, right);
    if (is_sequence(left) && is_sequence(right) && left.list()->kind == right.list()->kind)
      return chained(runtime, *left.list(), *right.list());
  }
  if (sign == "*") {
    if ((left.text() != nullptr || is_sequence(left)) && b) return repeated(runtime, left, *b);
    if ((right.text() != nullptr || is_sequence(right)) && a) return repeated(runtime, right, *a);
  }
  if (sign == "%" && left.text() != nullptr)
    runtime.fail("formatting a string with \"%\" is not supported; join the parts with \"~\"");
  refuse(runtime, sign, left, right);
}

bool holds(Runtime& runtime, std::string_view sign, const Value& left, const Value& right) {
  runtime.work(left.weight() + right.weight());
  if (sign == "==") return equal(left, right);
  if (sign == "!=") return !equal(left, right);
  if (sign == "in") return contains(runtime, right, left);
  if (sign == "not in") return !contains(runtime, right, left);
  const int order = compare(runtime, left, right, sign);
  if (left.is_number() && (std::isnan(*left.as_number()) || std::isnan(*right.as_number())))
    return false;
  return sign == "<" ? order < 0 : sign == "<=" ? order <= 0 : sign == ">" ? order > 0 : order >= 0;
}

Value negate(Runtime& runtime, const Value& value) {
  if (const auto number = value.as_integer()) {
    check_fits(runtime, *number == INT64_MIN);
    return Value::integer(-*number);
  }
  if (const auto number = value.as_number()) return Value::number(-*number);
  if (value.undefined() != nullptr) runtime.fail(value.undefined()->why);
  runtime.fail("a value of type ", value.type_name(), " has no negative");
}

Value attribute(Runtime& runtime, const Value& value, const std::string& name) {
  if (value.undefined() != nullptr) runtime.fail(value.undefined()->why);
  if (is_method(value, name)) return bound_method(value, name);
  if (value.loop() != nullptr) return loop_attribute(value, name);
  const Value* found = keyed(runtime, value, name);
  return found != nullptr ? *found : missing(value, name);
}

Value item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.undefined() != nullptr) runtime.fail(value.undefined()->why);
  if (const auto* name = key.text()) {
    const Value* found = value.space() != nullptr ? nullptr : keyed(runtime, value, *name);
    if (found != nullptr) return *found;
    return attribute(runtime, value, *name);
  }
  if (value.dict() != nullptr) {
    const Value* found = value.dict()->find(key);
    return found != nullptr ? *found : missing(value, repr(runtime, key));
  }
  const auto index = key.as_integer();
  if (index && value.text() != nullptr) {
    runtime.work(value.weight());
    const size_t at = character_at(*value.text(), *index);
    if (at != std::string::npos)
      return make_text(runtime, value.text()->substr(at, utf8::char_length(*value.text(), at)));
  }
  const bool indexed =
      is_sequence(value) || (value.list() != nullptr && value.list()->kind == List::Kind::range);
  if (index && indexed) {
    const auto size = static_cast<int64_t>(value.list()->items.size());
    const int64_t at = *index < 0 ? *index + size : *index;
    if (at >= 0 && at < size) return value.list()->items[static_cast<size_t>(at)];
  }
  return missing(value, cat("[", repr(runtime, key), "]"));
}

Value slice(Runtime& runtime, const Value& value, const Value& begin, const Value& end,
            const Value& step) {
  if (value.undefined() != nullptr) runtime.fail(value.undefined()->why);
  runtime.work(value.weight());
  const Value parts[3] = {begin, end, step};
  if (const auto* text = value.text()) {
    const auto all = characters(*text);
    const auto size = static_cast<int64_t>(all.size());
    runtime.make(all.size() * sizeof all[0]);
    std::string out;
    each_of(slice_range(runtime, parts, size), size, [&](size_t i) { out += all[i]; });
    return make_text(runtime, std::move(out));
  }
  if (!is_sequence(value) && (value.list() == nullptr || value.list()->kind != List::Kind::range))
    runtime.fail("a value of type ", value.type_name(), " has no parts [a:b]");
  const auto size = static_cast<int64_t>(value.list()->items.size());
  Values out;
  each_of(slice_range(runtime, parts, size), size,
          [&](size_t i) { out.push_back(value.list()->items[i]); });
  return make_list(runtime, std::move(out), value.list()->kind);
}

}  // namespace slovo::jinja
