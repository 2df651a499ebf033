#include "tokenizer/jinja_value.h"

#include <algorithm>
#include <cmath>

#include "core/utf8.h"
#include "tokenizer/jinja_text.h"

namespace slovo::jinja {
namespace {

/// Depth and weight of what a list or dict holds.
struct Extent {
  int depth = 0;
  int64_t weight = 0;
  void add(const Value& value) {
    depth = std::max(depth, value.depth());
    weight = std::min(weight + value.weight(), kHeaviestValue + 1);
  }
};

void check_depth(const Runtime& runtime, int depth) {
  if (depth > kDeepestValue) runtime.fail("a value is nested more than ", kDeepestValue, " deep");
}

void check_extent(const Runtime& runtime, const Extent& extent) {
  check_depth(runtime, extent.depth + 1);
  if (extent.weight > kHeaviestValue)
    runtime.fail("a list or dict holds more than ", with_commas(kHeaviestValue), " values");
}

/// Integers beyond 2^53 compare exactly with each other, as doubles with doubles.
int compare_numbers(const Value& left, const Value& right) {
  const auto a = left.as_integer(), b = right.as_integer();
  if (a && b) return *a < *b ? -1 : *a > *b ? 1 : 0;
  const double x = *left.as_number(), y = *right.as_number();
  return x < y ? -1 : x > y ? 1 : 0;
}

bool equal_lists(const List& left, const List& right) {
  if (left.kind != right.kind || left.items.size() != right.items.size()) return false;
  return std::equal(left.items.begin(), left.items.end(), right.items.begin(), equal);
}

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.items.size() != right.items.size()) return false;
  return std::all_of(left.items.begin(), left.items.end(), [&](const auto& item) {
    const Value* other = right.find(item.first);
    return other != nullptr && equal(item.second, *other);
  });
}

std::string repr_list(Runtime& runtime, const List& list) {
  if (list.kind != List::Kind::list && list.kind != List::Kind::tuple)
    runtime.fail(
        "what a filter or items() gives cannot be printed; make a list of it with \"| list\"");
  const bool tuple = list.kind == List::Kind::tuple;
  std::string out(1, tuple ? '(' : '[');
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) out += ", ";
    out += repr(runtime, list.items[i]);
  }
  if (tuple && list.items.size() == 1) out += ',';
  return out += tuple ? ')' : ']';
}

std::string repr_dict(Runtime& runtime, const Dict& dict) {
  std::string out = "{";
  for (const auto& [key, value] : dict.items) {
    if (out.size() > 1) out += ", ";
    out += repr(runtime, key) + ": " + repr(runtime, value);
  }
  return out + "}";
}

/// Writes `json.dumps` with all its options.
class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style) : runtime_(runtime), style_(style) {}

  void write(const Value& value) {
    runtime_.step();
    runtime_.make(8 + (value.text() != nullptr ? value.text()->size() : 0));
    const auto* list = value.list();
    const bool plain_list =
        list != nullptr && (list->kind == List::Kind::list || list->kind == List::Kind::tuple);
    if (const auto* text = value.text()) {
      out += json_quoted(*text, style_.ascii);
    } else if (value.is_none() || value.is_number()) {
      out += scalar(value);
    } else if (plain_list) {
      write_items('[', ']', list->items.size(), [&](size_t i) { write(list->items[i]); });
    } else if (value.dict() != nullptr) {
      write_dict(*value.dict());
    } else {
      runtime_.fail("tojson: a value of type ", value.type_name(), " has no JSON form",
                    list != nullptr ? "; make a list of it with \"| list\"" : "");
    }
  }

  std::string out;

 private:
  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is_boolean()) return *value.as_integer() != 0 ? "true" : "false";
    if (value.is_integer()) return std::to_string(*value.as_integer());
    const double number = *value.as_number();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
    return print_float(number);
  }

  template <class WriteItem>
  void write_items(char open, char close, size_t count, const WriteItem& write_item) {
    out += open;
    ++level_;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) out += style_.item_separator;
      new_line();
      write_item(i);
    }
    --level_;
    if (count > 0) new_line();
    out += close;
  }

  void new_line() {
    if (!style_.indent) return;
    runtime_.make(level_ * style_.indent->size());
    out += '\n';
    for (size_t i = 0; i < level_; ++i) out += *style_.indent;
  }

  std::string key_text(const Value& key) const {
    if (const auto* text = key.text()) return *text;
    if (key.is_none() || key.is_number()) return scalar(key);
    runtime_.fail("tojson: a key of type ", key.type_name(), " has no JSON form");
  }

  void write_dict(const Dict& dict) {
    std::vector<std::pair<std::string, const Value*>> items;
    for (const auto& [key, value] : dict.items) items.emplace_back(key_text(key), &value);
    if (style_.sort_keys)
      std::stable_sort(items.begin(), items.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
    write_items('{', '}', items.size(), [&](size_t i) {
      out += json_quoted(items[i].first, style_.ascii) + style_.key_separator;
      write(*items[i].second);
    });
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  size_t level_ = 0;
};

}  // namespace

Value Value::text(std::string text, bool markup) {
  return std::make_shared<const Text>(Text{std::move(text), markup});
}

Value Value::undefined(std::string why) {
  return std::make_shared<const Undefined>(Undefined{std::move(why)});
}

std::optional<int64_t> Value::as_integer() const {
  if (const auto* flag = std::get_if<bool>(&data_)) return *flag ? 1 : 0;
  if (const auto* number = std::get_if<int64_t>(&data_)) return *number;
  return std::nullopt;
}

std::optional<double> Value::as_number() const {
  if (const auto* number = std::get_if<double>(&data_)) return *number;
  if (const auto number = as_integer()) return static_cast<double>(*number);
  return std::nullopt;
}

const std::string* Value::text() const {
  const auto* held = pointer<const Text>();
  return held == nullptr ? nullptr : &held->text;
}

bool Value::is_markup() const {
  const auto* held = pointer<const Text>();
  return held != nullptr && held->markup;
}

std::string_view Value::type_name() const {
  constexpr std::string_view kNames[] = {"NoneType",  "bool", "int",     "float",
                                         "Undefined", "str",  "list",    "dict",
                                         "namespace", "loop", "function"};
  constexpr std::string_view kLists[] = {"list", "tuple", "generator", "dict_items", "range"};
  if (list() != nullptr) return kLists[static_cast<size_t>(list()->kind)];
  return kNames[data_.index()];
}

int Value::depth() const {
  if (list() != nullptr) return list()->depth;
  if (dict() != nullptr) return dict()->depth;
  return function() != nullptr ? function()->self.depth() : 0;
}

int64_t Value::weight() const {
  if (text() != nullptr) return 1 + static_cast<int64_t>(text()->size()) / 64;
  if (list() != nullptr) return list()->weight;
  return dict() != nullptr ? dict()->weight : 1;
}

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : items) {
    const auto* text = name.text();
    if (text != nullptr && *text == key) return &value;
  }
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (const auto* text = key.text()) return find(std::string_view(*text));
  for (const auto& [name, value] : items) {
    if (equal(name, key)) return &value;
  }
  return nullptr;
}

Value make_list(Runtime& runtime, Values items, List::Kind kind) {
  Extent extent;
  for (const Value& item : items) extent.add(item);
  check_extent(runtime, extent);
  runtime.make(sizeof(List) + items.size() * sizeof(Value));
  return std::make_shared<const List>(
      List{kind, std::move(items), extent.depth + 1, extent.weight + 1});
}

Value make_dict(Runtime& runtime, std::vector<std::pair<Value, Value>> items) {
  Extent extent;
  for (const auto& [key, value] : items) {
    extent.add(key);
    extent.add(value);
  }
  check_extent(runtime, extent);
  runtime.make(sizeof(Dict) + items.size() * 2 * sizeof(Value));
  return std::make_shared<const Dict>(Dict{std::move(items), extent.depth + 1, extent.weight + 1});
}

Value make_text(Runtime& runtime, std::string text) {
  runtime.make(sizeof(Text) + text.size());
  return Value::text(std::move(text));
}

Value from_json(Runtime& runtime, const Json& json, int depth) {
  check_depth(runtime, depth);
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case Json::value_t::number_float:
      return Value::number(json.get<double>());
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > INT64_MAX)
        runtime.fail("the number ", json.dump(), " has more than 64 bits");
      return Value::integer(json.get<int64_t>());
    case Json::value_t::number_integer:
      return Value::integer(json.get<int64_t>());
    case Json::value_t::string:
      return make_text(runtime, json.get<std::string>());
    case Json::value_t::array: {
      Values items;
      for (const Json& item : json) items.push_back(from_json(runtime, item, depth + 1));
      return make_list(runtime, std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<Value, Value>> items;
      for (const auto& [key, value] : json.items())
        items.emplace_back(make_text(runtime, key), from_json(runtime, value, depth + 1));
      return make_dict(runtime, std::move(items));
    }
    default:
      return {};
  }
}

bool truth(const Value& value) {
  if (value.is_none() || value.undefined() != nullptr) return false;
  if (const auto number = value.as_number()) return *number != 0;
  if (value.list() != nullptr && value.list()->kind == List::Kind::generator) return true;
  if (value.text() != nullptr) return !value.text()->empty();
  const auto size = length(value);
  return !size || *size != 0;
}

bool equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number())
    return compare_numbers(left, right) == 0 && !std::isnan(*left.as_number()) &&
           !std::isnan(*right.as_number());
  if (left.text() != nullptr && right.text() != nullptr) return *left.text() == *right.text();
  if (left.list() != nullptr && right.list() != nullptr)
    return left.list() == right.list() || equal_lists(*left.list(), *right.list());
  if (left.dict() != nullptr && right.dict() != nullptr)
    return left.dict() == right.dict() || equal_dicts(*left.dict(), *right.dict());
  if (left.is_none() || left.undefined() != nullptr) return left.type_name() == right.type_name();
  if (left.space() != nullptr) return left.space() == right.space();
  if (left.loop() != nullptr && right.loop() != nullptr)  // of whatever pass
    return left.loop()->items == right.loop()->items;
  return left.function() != nullptr && left.function() == right.function();
}

int compare(Runtime& runtime, const Value& left, const Value& right, std::string_view sign) {
  if (left.undefined() != nullptr) runtime.fail(left.undefined()->why);
  if (right.undefined() != nullptr) runtime.fail(right.undefined()->why);
  if (left.is_number() && right.is_number()) return compare_numbers(left, right);
  if (left.text() != nullptr && right.text() != nullptr) return left.text()->compare(*right.text());
  if (left.list() != nullptr && right.list() != nullptr &&
      left.list()->kind == right.list()->kind && left.list()->kind <= List::Kind::tuple) {
    const Values &a = left.list()->items, &b = right.list()->items;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (!equal(a[i], b[i])) return compare(runtime, a[i], b[i], sign);
    }
    return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
  }
  runtime.fail("\"", sign, "\" does not compare ", left.type_name(), " with ", right.type_name());
}

std::string print(Runtime& runtime, const Value& value) {
  if (const auto* text = value.text()) {
    runtime.make(text->size());
    return *text;
  }
  if (value.undefined() != nullptr) return "";
  return repr(runtime, value);
}

std::string repr(Runtime& runtime, const Value& value) {
  runtime.step();
  runtime.make(8);
  if (value.is_none()) return "None";
  if (value.is_boolean()) return *value.as_integer() != 0 ? "True" : "False";
  if (value.is_integer()) return std::to_string(*value.as_integer());
  if (value.is_float()) return print_float(*value.as_number());
  if (value.undefined() != nullptr) return "Undefined";
  if (value.list() != nullptr) return repr_list(runtime, *value.list());
  if (value.dict() != nullptr) return repr_dict(runtime, *value.dict());
  if (const auto* text = value.text()) {
    runtime.make(text->size());
    return value.is_markup() ? "Markup(" + python_quoted(*text) + ")" : python_quoted(*text);
  }
  if (value.function() != nullptr && value.function()->kind == Function::Kind::macro)
    return "<Macro " + python_quoted(value.function()->name) + ">";
  runtime.fail("a ", value.type_name(), " cannot be printed",
               value.function() != nullptr ? "; call it: " + value.function()->name + "()" : "");
}

Values iterate(Runtime& runtime, const Value& value) {
  if (value.undefined() != nullptr) return {};
  if (const auto* list = value.list()) {
    runtime.make(list->items.size() * sizeof(Value));
    if (list->kind != List::Kind::generator) return list->items;
    const auto begin = list->items.begin() + static_cast<std::ptrdiff_t>(list->taken);
    list->taken = list->items.size();
    return {begin, list->items.end()};
  }
  Values out;
  if (const auto* dict = value.dict()) {
    for (const auto& item : dict->items) out.push_back(item.first);
  } else if (const auto* text = value.text()) {
    for (const auto one : characters(*text)) out.push_back(make_text(runtime, std::string(one)));
  } else {
    runtime.fail("a value of type ", value.type_name(), " cannot be gone through");
  }
  return out;
}

std::optional<int64_t> length(const Value& value) {
  if (value.undefined() != nullptr) return 0;
  if (const auto* text = value.text()) return static_cast<int64_t>(utf8::count(*text));
  if (const auto* dict = value.dict()) return static_cast<int64_t>(dict->items.size());
  if (value.list() != nullptr && value.list()->kind != List::Kind::generator)
    return static_cast<int64_t>(value.list()->items.size());
  return std::nullopt;
}

bool contains(Runtime& runtime, const Value& inside, const Value& value) {
  if (const auto* text = inside.text()) {
    if (value.undefined() != nullptr) runtime.fail(value.undefined()->why);
    if (value.text() == nullptr)
      runtime.fail("\"in\" looks for a string in a string, not for ", value.type_name());
    return find_text(*text, *value.text()) != std::string::npos;
  }
  if (const auto* dict = inside.dict()) return dict->find(value) != nullptr;
  const Values items = iterate(runtime, inside);
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& item) { return equal(item, value); });
}

std::string to_json(Runtime& runtime, const Value& value, const JsonStyle& style) {
  JsonWriter writer(runtime, style);
  writer.write(value);
  return writer.out;
}

}  // namespace slovo::jinja
