// Values of the Jinja interpreter: Python's, as far as templates see them. Cheap to copy; all but
// namespaces and generators never change.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"
#include "tokenizer/jinja_runtime.h"

namespace slovo::jinja {

struct Undefined;
struct Text;
struct List;
struct Dict;
struct Namespace;
struct Loop;
struct Function;

class Value {
 public:
  Value() = default;  ///< None
  Value(std::shared_ptr<const Undefined> undefined) : data_(std::move(undefined)) {}
  Value(std::shared_ptr<const Text> text) : data_(std::move(text)) {}
  Value(std::shared_ptr<const List> list) : data_(std::move(list)) {}
  Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}
  Value(std::shared_ptr<Namespace> space) : data_(std::move(space)) {}
  Value(std::shared_ptr<Loop> loop) : data_(std::move(loop)) {}
  Value(std::shared_ptr<const Function> function) : data_(std::move(function)) {}
  static Value boolean(bool flag) { return Value(Data(flag)); }
  static Value integer(int64_t number) { return Value(Data(number)); }
  static Value number(double number) { return Value(Data(number)); }
  static Value text(std::string text, bool markup = false);
  static Value undefined(std::string why);

  bool is_none() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_boolean() const { return std::holds_alternative<bool>(data_); }
  bool is_float() const { return std::holds_alternative<double>(data_); }
  /// An integer that is not a boolean.
  bool is_integer() const { return std::holds_alternative<int64_t>(data_); }
  bool is_number() const { return is_boolean() || is_integer() || is_float(); }
  /// Integers and booleans, which are integers in Python.
  std::optional<int64_t> as_integer() const;
  std::optional<double> as_number() const;

  /// Null when the value is of another type.
  const Undefined* undefined() const { return pointer<const Undefined>(); }
  const std::string* text() const;
  bool is_markup() const;
  const List* list() const { return pointer<const List>(); }
  const Dict* dict() const { return pointer<const Dict>(); }
  Namespace* space() const { return pointer<Namespace>(); }
  Loop* loop() const { return pointer<Loop>(); }
  const Function* function() const { return pointer<const Function>(); }

  /// Python's name of the type: "str", "NoneType".
  std::string_view type_name() const;
  int depth() const;
  /// How long it takes to go through all of it: a unit for each value and for 64 bytes of text.
  int64_t weight() const;

 private:
  using Data = std::variant<std::monostate, bool, int64_t, double, std::shared_ptr<const Undefined>,
                            std::shared_ptr<const Text>, std::shared_ptr<const List>,
                            std::shared_ptr<const Dict>, std::shared_ptr<Namespace>,
                            std::shared_ptr<Loop>, std::shared_ptr<const Function>>;
  explicit Value(Data data) : data_(std::move(data)) {}
  template <class T>
  T* pointer() const {
    const auto* held = std::get_if<std::shared_ptr<T>>(&data_);
    return held == nullptr ? nullptr : held->get();
  }

  Data data_;
};

using Values = std::vector<Value>;

/// What is not there: prints as "", is false and empty; anything else is an error that says `why`.
struct Undefined {
  std::string why;
};

struct Text {
  std::string text;
  bool markup = false;  ///< made by `safe` or `escape`: + escapes what is added to it
};

/// Everything that is gone through in order. A generator can be gone through once.
struct List {
  enum class Kind { list, tuple, generator, view, range };
  Kind kind = Kind::list;
  Values items;
  int depth = 1;
  int64_t weight = 1;
  mutable size_t taken = 0;  ///< of a generator
};

struct Dict {
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;
  int64_t weight = 1;
  const Value* find(std::string_view key) const;
  const Value* find(const Value& key) const;
};

struct Namespace {
  std::map<std::string, Value> items;
};

/// The variable `loop` of one pass.
struct Loop {
  std::shared_ptr<const Values> items;
  size_t index = 0;
  std::shared_ptr<Values> changed;  ///< what loop.changed() saw last; shared by all passes
};

struct Node;
class Scope;

/// What can be called.
struct Function {
  enum class Kind { global, method, macro };
  Kind kind = Kind::global;
  std::string name;
  Value self;                   ///< of a method
  const Node* macro = nullptr;  ///< {% macro %} or {% call %}
  Scope* scope = nullptr;       ///< where the macro was written
};

Value make_list(Runtime& runtime, Values items, List::Kind kind = List::Kind::list);
Value make_dict(Runtime& runtime, std::vector<std::pair<Value, Value>> items);
Value make_text(Runtime& runtime, std::string text);
Value from_json(Runtime& runtime, const Json& json, int depth = 0);

bool truth(const Value& value);
bool equal(const Value& left, const Value& right);
/// Negative, zero or positive; fails for values that Python does not order.
int compare(Runtime& runtime, const Value& left, const Value& right, std::string_view sign);
/// `str(value)`.
std::string print(Runtime& runtime, const Value& value);
/// `repr(value)`.
std::string repr(Runtime& runtime, const Value& value);
/// The values that a loop over `value` sees; takes them from a generator.
Values iterate(Runtime& runtime, const Value& value);
/// `len(value)`; none when it has no length.
std::optional<int64_t> length(const Value& value);
bool contains(Runtime& runtime, const Value& inside, const Value& value);

struct JsonStyle {
  bool ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
/// `json.dumps(value)`.
std::string to_json(Runtime& runtime, const Value& value, const JsonStyle& style);

}  // namespace slovo::jinja
