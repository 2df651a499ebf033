// The filters, tests and methods that templates may use, by name.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/jinja_value.h"

namespace slovo::jinja {

/// What stands in the brackets of a call.
struct Arguments {
  Values values;
  std::vector<std::pair<std::string, Value>> named;
};

/// Arguments in the order of the parameters they are for.
class Parameters {
 public:
  /// `what` leads messages: "filter \"indent\"". Fails for an argument that no parameter takes.
  Parameters(Runtime& runtime, std::string what, Arguments arguments,
             const std::vector<std::string_view>& names);

  bool has(size_t i) const { return given_[i]; }
  /// The value of a parameter that must be there.
  const Value& at(size_t i) const;
  const std::string& text(size_t i) const;
  std::optional<std::string_view> text_or_none(size_t i) const;
  int64_t integer(size_t i, int64_t fallback) const;
  bool flag(size_t i, bool fallback) const { return has(i) ? truth(values_[i]) : fallback; }

 private:
  Runtime& runtime_;
  std::string what_;
  const std::vector<std::string_view>& names_;
  Values values_;
  std::vector<bool> given_;
};

Value apply_filter(Runtime& runtime, const std::string& name, const Value& input,
                   Arguments arguments);
bool apply_test(Runtime& runtime, const std::string& name, const Value& input, Arguments arguments);

/// True for every method that Python's strings, lists and dicts (and `loop`) have, also those that
/// slovo does not: a template that asks for one gets it before a key of that name.
bool is_method(const Value& value, const std::string& name);
Value call_method(Runtime& runtime, const Value& self, const std::string& name,
                  Arguments arguments);

/// The value at the end of "a.b.0", as the filters map, selectattr and sort look for it.
Value attribute_path(Runtime& runtime, Value value, const Value& path);

}  // namespace slovo::jinja
