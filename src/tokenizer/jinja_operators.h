// Python's operators, subscripts and attributes.
#pragma once

#include <string>

#include "tokenizer/jinja_value.h"

namespace slovo::jinja {

/// `left sign right` for + - * / // % **.
Value binary(Runtime& runtime, std::string_view sign, const Value& left, const Value& right);
/// `left sign right` for == != < <= > >= in, not in.
bool holds(Runtime& runtime, std::string_view sign, const Value& left, const Value& right);
/// `-value`.
Value negate(Runtime& runtime, const Value& value);

/// `value.name`: a method comes before a key of a dict, as in Jinja.
Value attribute(Runtime& runtime, const Value& value, const std::string& name);
/// `value[key]`: a key comes before a method.
Value item(Runtime& runtime, const Value& value, const Value& key);
/// `value[begin:end:step]`; None where a part is left out.
Value slice(Runtime& runtime, const Value& value, const Value& begin, const Value& end,
            const Value& step);

}  // namespace slovo::jinja
