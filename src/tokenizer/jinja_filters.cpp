// The filters.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/utf8.h"
#include "tokenizer/jinja_functions.h"
#include "tokenizer/jinja_operators.h"
#include "tokenizer/jinja_text.h"

namespace slovo::jinja {
namespace {

using Names = std::vector<std::string_view>;

struct Call {
  Runtime& runtime;
  const Value& input;
  const Parameters& given;

  std::string text() const { return print(runtime, input); }
  Value result(std::string out) const {
    runtime.make(out.size());
    return Value::text(std::move(out), input.is_markup());
  }
  Value generator(Values items) const {
    return make_list(runtime, std::move(items), List::Kind::generator);
  }
};

struct Filter {
  Names parameters;
  Value (*apply)(const Call& call);
};

Value folded(const Value& value) {
  return value.text() != nullptr ? Value::text(lower(*value.text())) : value;
}

/// What `sort` and its like compare: the item or an attribute of it, in lower case unless case
/// counts.
Value sort_key(const Call& call, const Value& item, const Value& path, bool case_sensitive) {
  Value key = path.is_none() ? item : attribute_path(call.runtime, item, path);
  return case_sensitive ? key : folded(key);
}

Value length_of(const Call& call) {
  const auto size = length(call.input);
  if (!size)
    call.runtime.fail("filter \"length\": a value of type ", call.input.type_name(),
                      " has no length");
  return Value::integer(*size);
}

Value join_items(const Call& call) {
  const std::string separator = call.given.has(0) ? print(call.runtime, call.given.at(0)) : "";
  std::string out;
  bool first = true;
  for (const Value& item : iterate(call.runtime, call.input)) {
    if (!first) out += separator;
    first = false;
    out += print(call.runtime,
                 call.given.has(1) ? attribute_path(call.runtime, item, call.given.at(1)) : item);
    call.runtime.make(separator.size());
  }
  return make_text(call.runtime, std::move(out));
}

Value replace_text(const Call& call) {
  const std::string text = call.text(), old = print(call.runtime, call.given.at(0)),
                    with = print(call.runtime, call.given.at(1));
  const int64_t found = count(text, old);
  call.runtime.make(static_cast<size_t>(found) * with.size());
  const bool all = !call.given.has(2) || call.given.at(2).is_none();
  return call.result(replace(text, old, with, all ? -1 : call.given.integer(2, -1)));
}

Value default_value(const Call& call) {
  const bool missing =
      call.input.undefined() != nullptr || (call.given.flag(1, false) && !truth(call.input));
  if (!missing) return call.input;
  return call.given.has(0) ? call.given.at(0) : Value::text("");
}

Value first_item(const Call& call) {
  const auto* list = call.input.list();
  if (list != nullptr && list->kind == List::Kind::generator && list->taken < list->items.size())
    return list->items[list->taken++];
  const Values items = iterate(call.runtime, call.input);
  return items.empty() ? Value::undefined("there is no first item: the sequence is empty")
                       : items.front();
}

Value last_item(const Call& call) {
  if (call.input.list() != nullptr && call.input.list()->kind == List::Kind::generator)
    call.runtime.fail("filter \"last\" needs a list; make one with \"| list\"");
  const Values items = iterate(call.runtime, call.input);
  return items.empty() ? Value::undefined("there is no last item: the sequence is empty")
                       : items.back();
}

Value reversed(const Call& call) {
  Values items = iterate(call.runtime, call.input);
  std::reverse(items.begin(), items.end());
  if (call.input.text() == nullptr) return call.generator(std::move(items));
  std::string out;
  for (const Value& item : items) out += *item.text();
  return call.result(std::move(out));
}

Values pairs_of(const Call& call, const Dict& dict) {
  Values out;
  for (const auto& [key, value] : dict.items)
    out.push_back(make_list(call.runtime, {key, value}, List::Kind::tuple));
  return out;
}

Value items_of(const Call& call) {
  if (call.input.undefined() != nullptr) return call.generator({});
  if (call.input.dict() == nullptr)
    call.runtime.fail("filter \"items\" needs a dict, not ", call.input.type_name());
  return call.generator(pairs_of(call, *call.input.dict()));
}

/// A stable sort by `key_of`; `reverse` keeps equal items in order, as Python does.
template <class KeyOf>
Values sorted(Runtime& runtime, const Values& items, bool reverse, const KeyOf& key_of) {
  std::vector<std::pair<Value, Value>> keyed;
  for (const Value& item : items) keyed.emplace_back(key_of(item), item);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    runtime.step();
    return (reverse ? compare(runtime, b.first, a.first, "<")
                    : compare(runtime, a.first, b.first, "<")) < 0;
  });
  Values out;
  for (auto& [key, item] : keyed) out.push_back(std::move(item));
  return out;
}

Value sort_dict(const Call& call) {
  if (call.input.dict() == nullptr)
    call.runtime.fail("filter \"dictsort\" needs a dict, not ", call.input.type_name());
  const std::string by = call.given.has(1) ? call.given.text(1) : "key";
  if (by != "key" && by != "value")
    call.runtime.fail("filter \"dictsort\": by=\"", by, "\"; it may be \"key\" or \"value\"");
  const bool case_sensitive = call.given.flag(0, false);
  Values out =
      sorted(call.runtime, pairs_of(call, *call.input.dict()), call.given.flag(2, false),
             [&](const Value& pair) {
               return sort_key(call, pair.list()->items[by == "key" ? 0 : 1], {}, case_sensitive);
             });
  return make_list(call.runtime, std::move(out));
}

Value sort_items(const Call& call) {
  const Value path = call.given.has(2) ? call.given.at(2) : Value();
  const auto* name = path.text();
  std::vector<Value> paths;
  if (name != nullptr) {
    for (const auto part : split(*name, ",", -1)) paths.push_back(Value::text(std::string(part)));
  } else {
    paths.push_back(path);
  }
  const bool case_sensitive = call.given.flag(1, false);
  const auto key_of = [&](const Value& item) {
    Values keys;
    for (const Value& one : paths) keys.push_back(sort_key(call, item, one, case_sensitive));
    return make_list(call.runtime, std::move(keys));
  };
  return make_list(call.runtime, sorted(call.runtime, iterate(call.runtime, call.input),
                                        call.given.flag(0, false), key_of));
}

Value unique_items(const Call& call) {
  const Value path = call.given.has(1) ? call.given.at(1) : Value();
  Values keys, out;
  for (const Value& item : iterate(call.runtime, call.input)) {
    const Value key = sort_key(call, item, path, call.given.flag(0, false));
    const bool seen = std::any_of(keys.begin(), keys.end(), [&](const Value& other) {
      call.runtime.step();
      return equal(key, other);
    });
    if (seen) continue;
    keys.push_back(key);
    out.push_back(item);
  }
  return call.generator(std::move(out));
}

Value extreme(const Call& call, bool largest) {
  const Value path = call.given.has(1) ? call.given.at(1) : Value();
  const Values items = iterate(call.runtime, call.input);
  if (items.empty()) return Value::undefined("no aggregated item: the sequence is empty");
  const auto key = [&](const Value& item) {
    return sort_key(call, item, path, call.given.flag(0, false));
  };
  const Value* best = &items.front();
  for (const Value& item : items) {
    const int order = compare(call.runtime, key(item), key(*best), "<");
    if (largest ? order > 0 : order < 0) best = &item;
  }
  return *best;
}

Value sum_items(const Call& call) {
  Value out = call.given.has(1) ? call.given.at(1) : Value::integer(0);
  const bool by_path = call.given.has(0) && !call.given.at(0).is_none();
  for (const Value& item : iterate(call.runtime, call.input))
    out = binary(call.runtime, "+", out,
                 by_path ? attribute_path(call.runtime, item, call.given.at(0)) : item);
  return out;
}

Value to_integer(const Call& call) {
  if (call.given.has(1) && call.given.integer(1, 10) != 10)
    call.runtime.fail("filter \"int\": base ", call.given.integer(1, 10),
                      " is not supported; it may be 10");
  if (call.input.undefined() != nullptr) call.runtime.fail(call.input.undefined()->why);
  const auto* text = call.input.text();
  if (const auto number = text != nullptr ? parse_integer(*text) : call.input.as_integer())
    return Value::integer(*number);
  const auto number = text != nullptr ? parse_float(*text) : call.input.as_number();
  if (number && std::isfinite(*number)) {
    if (std::abs(*number) >= 9.2e18) call.runtime.fail("a number has more than 64 bits");
    return Value::integer(static_cast<int64_t>(*number));
  }
  return call.given.has(0) ? call.given.at(0) : Value::integer(0);
}

Value to_float(const Call& call) {
  if (call.input.undefined() != nullptr) call.runtime.fail(call.input.undefined()->why);
  const auto* text = call.input.text();
  if (const auto number = text != nullptr ? parse_float(*text) : call.input.as_number())
    return Value::number(*number);
  return call.given.has(0) ? call.given.at(0) : Value::number(0);
}

Value round_number(const Call& call) {
  const auto number = call.input.as_number();
  if (!number) call.runtime.fail("filter \"round\" needs a number, not ", call.input.type_name());
  const int64_t digits = call.given.integer(0, 0);
  const std::string method = call.given.has(1) ? call.given.text(1) : "common";
  if (digits < 0 || digits > 300)
    call.runtime.fail("filter \"round\": precision ", digits, "; it may be 0 to 300");
  if (method == "common") {
    if (call.input.as_integer()) return Value::integer(*call.input.as_integer());
    return Value::number(std::strtod(fixed(*number, static_cast<int>(digits)).c_str(), nullptr));
  }
  if (method != "ceil" && method != "floor")
    call.runtime.fail("filter \"round\": method \"", method,
                      "\"; it may be \"common\", \"ceil\" or \"floor\"");
  const double scale = std::pow(10.0, static_cast<double>(digits));
  return Value::number(
      (method == "ceil" ? std::ceil(*number * scale) : std::floor(*number * scale)) / scale);
}

Value absolute(const Call& call) {
  if (const auto number = call.input.as_integer())
    return *number < 0 ? negate(call.runtime, call.input) : Value::integer(*number);
  if (const auto number = call.input.as_number()) return Value::number(std::abs(*number));
  call.runtime.fail("filter \"abs\" needs a number, not ", call.input.type_name());
}

std::string indent_text(const Call& call, const std::string& text, const std::string& indent) {
  const bool blank = call.given.flag(2, false);
  const auto lines = split_lines(text);
  std::string out = call.given.flag(1, false) ? indent : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) {
      call.runtime.make(indent.size());
      out += indent;
    }
    out += lines[i];
  }
  return out;
}

/// The indentation that a parameter gives: a string, or a number of spaces.
std::string indentation(const Call& call, size_t i, int64_t fallback) {
  if (call.given.has(i) && call.given.at(i).text() != nullptr) return *call.given.at(i).text();
  const auto width = static_cast<size_t>(std::max<int64_t>(call.given.integer(i, fallback), 0));
  call.runtime.make(width);
  return std::string(width, ' ');
}

Value indent_lines(const Call& call) {
  const auto* text = call.input.text();
  if (text == nullptr)
    call.runtime.fail("filter \"indent\" needs a string, not ", call.input.type_name());
  return call.result(indent_text(call, *text + "\n", indentation(call, 0, 4)));
}

Value write_json(const Call& call) {
  JsonStyle style;
  style.ascii = call.given.flag(0, false);
  style.sort_keys = call.given.flag(3, false);
  if (call.given.has(1) && !call.given.at(1).is_none()) {
    style.indent = indentation(call, 1, 0);
    style.item_separator = ",";
  }
  if (call.given.has(2) && !call.given.at(2).is_none()) {
    const Values both = iterate(call.runtime, call.given.at(2));
    if (both.size() != 2 || both[0].text() == nullptr || both[1].text() == nullptr)
      call.runtime.fail("filter \"tojson\": separators must be two strings");
    style.item_separator = *both[0].text();
    style.key_separator = *both[1].text();
  }
  return make_text(call.runtime, to_json(call.runtime, call.input, style));
}

const std::map<std::string_view, Filter>& filters() {
  static const std::map<std::string_view, Filter> table = [] {
    std::map<std::string_view, Filter> out;
    const auto add = [&out](Names names, Names parameters, Value (*apply)(const Call&)) {
      for (const auto name : names) out[name] = {parameters, apply};
    };
    add({"upper"}, {}, [](const Call& call) { return call.result(upper(call.text())); });
    add({"lower"}, {}, [](const Call& call) { return call.result(lower(call.text())); });
    add({"capitalize"}, {}, [](const Call& call) { return call.result(capitalize(call.text())); });
    add({"title"}, {}, [](const Call& call) { return call.result(title_words(call.text())); });
    add({"trim"}, {"chars"}, [](const Call& call) {
      return call.result(std::string(strip(call.text(), Side::both, call.given.text_or_none(0))));
    });
    add({"string"}, {}, [](const Call& call) { return call.result(call.text()); });
    add({"safe"}, {}, [](const Call& call) { return Value::text(call.text(), true); });
    add({"escape", "e"}, {}, [](const Call& call) {
      return call.input.is_markup() ? call.input : Value::text(escape(call.text()), true);
    });
    add({"length", "count"}, {}, length_of);
    add({"join"}, {"d", "attribute"}, join_items);
    add({"replace"}, {"old", "new", "count"}, replace_text);
    add({"default", "d"}, {"default_value", "boolean"}, default_value);
    add({"first"}, {}, first_item);
    add({"last"}, {}, last_item);
    add({"reverse"}, {}, reversed);
    add({"list"}, {}, [](const Call& call) {
      return make_list(call.runtime, iterate(call.runtime, call.input));
    });
    add({"items"}, {}, items_of);
    add({"dictsort"}, {"case_sensitive", "by", "reverse"}, sort_dict);
    add({"sort"}, {"reverse", "case_sensitive", "attribute"}, sort_items);
    add({"unique"}, {"case_sensitive", "attribute"}, unique_items);
    add({"min"}, {"case_sensitive", "attribute"},
        [](const Call& call) { return extreme(call, false); });
    add({"max"}, {"case_sensitive", "attribute"},
        [](const Call& call) { return extreme(call, true); });
    add({"sum"}, {"attribute", "start"}, sum_items);
    add({"int"}, {"default", "base"}, to_integer);
    add({"float"}, {"default"}, to_float);
    add({"round"}, {"precision", "method"}, round_number);
    add({"abs"}, {}, absolute);
    add({"indent"}, {"width", "first", "blank"}, indent_lines);
    add({"tojson"}, {"ensure_ascii", "indent", "separators", "sort_keys"}, write_json);
    return out;
  }();
  return table;
}

/// What `map`, `select` and their like go through: nothing where the input is false.
Values items_if_any(Runtime& runtime, const Value& input) {
  return truth(input) ? iterate(runtime, input) : Values();
}

/// The first argument, taken out.
Value take_first(Runtime& runtime, const std::string& filter, Arguments& arguments,
                 std::string_view what) {
  if (arguments.values.empty()) runtime.fail("filter \"", filter, "\" needs ", what);
  Value out = arguments.values.front();
  arguments.values.erase(arguments.values.begin());
  return out;
}

std::string take_name(Runtime& runtime, const std::string& filter, Arguments& arguments,
                      std::string_view what) {
  const Value name = take_first(runtime, filter, arguments, what);
  if (name.text() == nullptr) runtime.fail("filter \"", filter, "\" needs ", what);
  return *name.text();
}

Value map_items(Runtime& runtime, const Value& input, Arguments arguments) {
  Values out;
  if (arguments.values.empty() && !arguments.named.empty()) {
    static const Names kNames = {"attribute", "default"};
    const Parameters given(runtime, "filter \"map\"", std::move(arguments), kNames);
    for (const Value& item : items_if_any(runtime, input)) {
      Value found = attribute_path(runtime, item, given.at(0));
      const bool replaced = found.undefined() != nullptr && given.has(1);
      out.push_back(replaced ? given.at(1) : std::move(found));
    }
  } else {
    const std::string name = take_name(runtime, "map", arguments, "the name of a filter");
    for (const Value& item : items_if_any(runtime, input))
      out.push_back(apply_filter(runtime, name, item, arguments));
  }
  return make_list(runtime, std::move(out), List::Kind::generator);
}

/// select, reject, selectattr, rejectattr.
Value select_items(Runtime& runtime, const std::string& filter, const Value& input,
                   Arguments arguments) {
  const bool wanted = filter.starts_with("select");
  const bool by_attribute = filter.ends_with("attr");
  const Value path =
      by_attribute ? take_first(runtime, filter, arguments, "the name of an attribute") : Value();
  const bool tested = !arguments.values.empty();
  const std::string test =
      tested ? take_name(runtime, filter, arguments, "the name of a test") : "";
  Values out;
  for (const Value& item : items_if_any(runtime, input)) {
    const Value looked_at = by_attribute ? attribute_path(runtime, item, path) : item;
    const bool passes = tested ? apply_test(runtime, test, looked_at, arguments) : truth(looked_at);
    if (passes == wanted) out.push_back(item);
  }
  return make_list(runtime, std::move(out), List::Kind::generator);
}

}  // namespace

Value attribute_path(Runtime& runtime, Value value, const Value& path) {
  if (path.text() == nullptr) return item(runtime, value, path);
  for (const auto part : split(*path.text(), ".", -1)) {
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    const auto number = digits ? parse_integer(part) : std::nullopt;
    value = item(runtime, value, number ? Value::integer(*number) : Value::text(std::string(part)));
  }
  return value;
}

Value apply_filter(Runtime& runtime, const std::string& name, const Value& input,
                   Arguments arguments) {
  const Nested nested(runtime);
  runtime.work(input.weight());
  if (name == "map") return map_items(runtime, input, std::move(arguments));
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr")
    return select_items(runtime, name, input, std::move(arguments));
  const auto found = filters().find(name);
  if (found == filters().end()) {
    std::vector<std::string> known = {"map", "select", "reject", "selectattr", "rejectattr"};
    for (const auto& filter : filters()) known.emplace_back(filter.first);
    runtime.fail("filter \"", name, "\" is not known", did_you_mean(name, known), "; slovo knows ",
                 join(known));
  }
  const Parameters given(runtime, "filter \"" + name + "\"", std::move(arguments),
                         found->second.parameters);
  return found->second.apply({runtime, input, given});
}

}  // namespace slovo::jinja
