// Arguments, tests and methods.
#include "tokenizer/jinja_functions.h"

#include <algorithm>
#include <map>

#include "core/utf8.h"
#include "tokenizer/jinja_operators.h"
#include "tokenizer/jinja_text.h"

namespace slovo::jinja {
namespace {

using Names = std::vector<std::string_view>;

using PlainTest = bool (*)(const Value& value);

/// Tests without arguments.
const std::map<std::string_view, PlainTest>& plain_tests() {
  static const std::map<std::string_view, PlainTest> table = {
      {"defined", [](const Value& v) { return v.undefined() == nullptr; }},
      {"undefined", [](const Value& v) { return v.undefined() != nullptr; }},
      {"none", [](const Value& v) { return v.is_none(); }},
      {"boolean", [](const Value& v) { return v.is_boolean(); }},
      {"true", [](const Value& v) { return v.is_boolean() && truth(v); }},
      {"false", [](const Value& v) { return v.is_boolean() && !truth(v); }},
      {"integer", [](const Value& v) { return v.is_integer(); }},
      {"float", [](const Value& v) { return v.is_float(); }},
      {"number", [](const Value& v) { return v.is_number(); }},
      {"string", [](const Value& v) { return v.text() != nullptr; }},
      {"mapping", [](const Value& v) { return v.dict() != nullptr; }},
      {"callable",
       [](const Value& v) { return v.function() != nullptr || v.undefined() != nullptr; }},
      {"iterable",
       [](const Value& v) {
         return v.text() != nullptr || v.list() != nullptr || v.dict() != nullptr ||
                v.undefined() != nullptr;
       }},
      {"sequence",
       [](const Value& v) {
         const bool view = v.list() != nullptr && v.list()->kind == List::Kind::view;
         return length(v).has_value() && !view;
       }},
  };
  return table;
}

/// The sign that a comparing test stands for, or "".
std::string_view sign_of(std::string_view test) {
  static const std::map<std::string_view, std::string_view> table = {
      {"eq", "=="}, {"equalto", "=="}, {"==", "=="},         {"ne", "!="},
      {"!=", "!="}, {"gt", ">"},       {"greaterthan", ">"}, {">", ">"},
      {"ge", ">="}, {">=", ">="},      {"lt", "<"},          {"lessthan", "<"},
      {"<", "<"},   {"le", "<="},      {"<=", "<="},         {"in", "in"}};
  const auto found = table.find(test);
  return found == table.end() ? "" : found->second;
}

/// Python's `is`, as far as values without an identity of their own show it.
bool same(const Value& left, const Value& right) {
  if (left.list() != nullptr || left.dict() != nullptr)
    return left.list() == right.list() && left.dict() == right.dict();
  return left.type_name() == right.type_name() && equal(left, right);
}

const Names& method_names(const Value& value) {
  static const Names kText = {
      "capitalize",   "casefold",    "center",    "count",      "encode",       "endswith",
      "expandtabs",   "find",        "format",    "format_map", "index",        "isalnum",
      "isalpha",      "isascii",     "isdecimal", "isdigit",    "isidentifier", "islower",
      "isnumeric",    "isprintable", "isspace",   "istitle",    "isupper",      "join",
      "ljust",        "lower",       "lstrip",    "maketrans",  "partition",    "removeprefix",
      "removesuffix", "replace",     "rfind",     "rindex",     "rjust",        "rpartition",
      "rsplit",       "rstrip",      "split",     "splitlines", "startswith",   "strip",
      "swapcase",     "title",       "translate", "upper",      "zfill"};
  static const Names kList = {"append", "clear", "copy",   "count",   "extend", "index",
                              "insert", "pop",   "remove", "reverse", "sort"};
  static const Names kTuple = {"count", "index"};
  static const Names kDict = {"clear", "copy",    "fromkeys",   "get",    "items", "keys",
                              "pop",   "popitem", "setdefault", "update", "values"};
  static const Names kLoop = {"cycle", "changed"};
  static const Names kNone;
  if (value.text() != nullptr) return kText;
  if (value.dict() != nullptr) return kDict;
  if (value.loop() != nullptr) return kLoop;
  if (value.list() == nullptr) return kNone;
  return value.list()->kind == List::Kind::list    ? kList
         : value.list()->kind == List::Kind::tuple ? kTuple
                                                   : kNone;
}

struct Call {
  Runtime& runtime;
  const Value& self;
  const Parameters& given;

  const std::string& text() const { return *self.text(); }
  Value result(std::string_view out) const {
    runtime.make(out.size());
    return Value::text(std::string(out), self.is_markup());
  }
  Value list(const std::vector<std::string_view>& parts) const {
    Values out;
    for (const auto part : parts) out.push_back(make_text(runtime, std::string(part)));
    return make_list(runtime, std::move(out));
  }
};

struct Method {
  Names parameters;
  Value (*apply)(const Call& call);
};

/// startswith and endswith: one string, or a tuple of them.
bool any_of(const Call& call, bool (*holds)(std::string_view, std::string_view)) {
  if (call.given.at(0).list() == nullptr) return holds(call.text(), call.given.text(0));
  for (const Value& item : call.given.at(0).list()->items) {
    if (item.text() == nullptr) call.runtime.fail("a prefix or suffix must be a string");
    if (holds(call.text(), *item.text())) return true;
  }
  return false;
}

Value split_text(const Call& call) {
  const auto separator = call.given.text_or_none(0);
  if (separator && separator->empty()) call.runtime.fail("split: the separator is empty");
  return call.list(split(call.text(), separator, call.given.integer(1, -1)));
}

Value split_from_right(const Call& call) {
  const auto separator = call.given.text_or_none(0);
  const int64_t most = call.given.integer(1, -1);
  if (!separator || separator->empty())
    call.runtime.fail("rsplit needs a separator that is not empty");
  std::vector<std::string_view> out;
  std::string_view rest = call.text();
  while (most < 0 || static_cast<int64_t>(out.size()) < most) {
    const size_t at = rest.rfind(*separator);
    if (at == std::string_view::npos) break;
    out.push_back(rest.substr(at + separator->size()));
    rest = rest.substr(0, at);
  }
  out.push_back(rest);
  std::reverse(out.begin(), out.end());
  return call.list(out);
}

Value cut_at(const Call& call, size_t at) {
  const std::string_view text = call.text();
  const std::string& separator = call.given.text(0);
  const Values parts = {make_text(call.runtime, std::string(text.substr(0, at))),
                        Value::text(separator),
                        make_text(call.runtime, std::string(text.substr(at + separator.size())))};
  return make_list(call.runtime, parts, List::Kind::tuple);
}

Value partition_text(const Call& call) {
  if (call.given.text(0).empty()) call.runtime.fail("partition: the separator is empty");
  const size_t at = find_text(call.text(), call.given.text(0));
  if (at != std::string::npos) return cut_at(call, at);
  return make_list(call.runtime, {call.self, Value::text(""), Value::text("")}, List::Kind::tuple);
}

Value replace_text(const Call& call) {
  const std::string &old = call.given.text(0), &with = call.given.text(1);
  call.runtime.make(static_cast<size_t>(count(call.text(), old)) * with.size());
  return call.result(replace(call.text(), old, with, call.given.integer(2, -1)));
}

/// Python counts characters, not bytes.
Value found_at(const Call& call, size_t at) {
  if (at == std::string::npos) return Value::integer(-1);
  return Value::integer(
      static_cast<int64_t>(utf8::count(std::string_view(call.text()).substr(0, at))));
}

Value join_items(const Call& call) {
  std::string out;
  bool first = true;
  for (const Value& item : iterate(call.runtime, call.given.at(0))) {
    if (item.text() == nullptr)
      call.runtime.fail("join needs strings, not ", item.type_name(), "; use the filter \"join\"");
    if (!first) out += call.text();
    first = false;
    out += *item.text();
    call.runtime.make(item.text()->size() + call.text().size());
  }
  return make_text(call.runtime, std::move(out));
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <Side side>
Value stripped(const Call& call) {
  return call.result(strip(call.text(), side, call.given.text_or_none(0)));
}

Value starts(const Call& call) {
  return Value::boolean(any_of(
      call, [](std::string_view text, std::string_view part) { return text.starts_with(part); }));
}

Value ends(const Call& call) {
  return Value::boolean(any_of(
      call, [](std::string_view text, std::string_view part) { return text.ends_with(part); }));
}

Value without_prefix(const Call& call) {
  const std::string& prefix = call.given.text(0);
  return call.result(
      std::string_view(call.text()).substr(call.text().starts_with(prefix) ? prefix.size() : 0));
}

Value without_suffix(const Call& call) {
  const std::string& suffix = call.given.text(0);
  const size_t cut = call.text().ends_with(suffix) ? suffix.size() : 0;
  return call.result(std::string_view(call.text()).substr(0, call.text().size() - cut));
}

bool all_space(std::string_view text) { return !text.empty() && strip(text, Side::left).empty(); }

using OnText = std::string (*)(std::string_view);
template <OnText change>
Value changed(const Call& call) {
  return call.result(change(call.text()));
}

using OfText = bool (*)(std::string_view);
template <OfText holds>
Value asked(const Call& call) {
  return Value::boolean(holds(call.text()));
}

const std::map<std::string_view, Method>& text_methods() {
  static const std::map<std::string_view, Method> table = {
      {"strip", {{"chars"}, stripped<Side::both>}},
      {"lstrip", {{"chars"}, stripped<Side::left>}},
      {"rstrip", {{"chars"}, stripped<Side::right>}},
      {"split", {{"sep", "maxsplit"}, split_text}},
      {"rsplit", {{"sep", "maxsplit"}, split_from_right}},
      {"splitlines", {{}, [](const Call& call) { return call.list(split_lines(call.text())); }}},
      {"partition", {{"sep"}, partition_text}},
      {"startswith", {{"prefix"}, starts}},
      {"endswith", {{"suffix"}, ends}},
      {"removeprefix", {{"prefix"}, without_prefix}},
      {"removesuffix", {{"suffix"}, without_suffix}},
      {"replace", {{"old", "new", "count"}, replace_text}},
      {"upper", {{}, changed<upper>}},
      {"lower", {{}, changed<lower>}},
      {"title", {{}, changed<title>}},
      {"capitalize", {{}, changed<capitalize>}},
      {"find",
       {{"sub"}, [](const Call& c) { return found_at(c, find_text(c.text(), c.given.text(0))); }}},
      {"rfind",
       {{"sub"}, [](const Call& c) { return found_at(c, c.text().rfind(c.given.text(0))); }}},
      {"count",
       {{"sub"}, [](const Call& c) { return Value::integer(count(c.text(), c.given.text(0))); }}},
      {"join", {{"iterable"}, join_items}},
      {"isupper", {{}, asked<is_upper>}},
      {"islower", {{}, asked<is_lower>}},
      {"isdigit", {{}, asked<all_digits>}},
      {"isspace", {{}, asked<all_space>}},
  };
  return table;
}

Value view(const Call& call, Values items) {
  return make_list(call.runtime, std::move(items), List::Kind::view);
}

const std::map<std::string_view, Method>& dict_methods() {
  static const std::map<std::string_view, Method> table = {
      {"get",
       {{"key", "default"},
        [](const Call& c) {
          const Value* found = c.self.dict()->find(c.given.at(0));
          return found != nullptr ? *found : c.given.has(1) ? c.given.at(1) : Value();
        }}},
      {"items",
       {{},
        [](const Call& c) {
          Values out;
          for (const auto& [key, value] : c.self.dict()->items)
            out.push_back(make_list(c.runtime, {key, value}, List::Kind::tuple));
          return view(c, std::move(out));
        }}},
      {"keys", {{}, [](const Call& c) { return view(c, iterate(c.runtime, c.self)); }}},
      {"values",
       {{},
        [](const Call& c) {
          Values out;
          for (const auto& pair : c.self.dict()->items) out.push_back(pair.second);
          return view(c, std::move(out));
        }}},
      {"copy", {{}, [](const Call& c) { return c.self; }}},
  };
  return table;
}

const std::map<std::string_view, Method>& list_methods() {
  static const std::map<std::string_view, Method> table = {
      {"count",
       {{"value"},
        [](const Call& c) {
          const Values& items = c.self.list()->items;
          return Value::integer(std::count_if(items.begin(), items.end(), [&](const Value& item) {
            return equal(item, c.given.at(0));
          }));
        }}},
      {"index",
       {{"value"},
        [](const Call& c) {
          const Values& items = c.self.list()->items;
          const auto at = std::find_if(items.begin(), items.end(), [&](const Value& item) {
            return equal(item, c.given.at(0));
          });
          if (at == items.end()) c.runtime.fail("index: the value is not in the list");
          return Value::integer(at - items.begin());
        }}},
      {"copy", {{}, [](const Call& c) { return c.self; }}},
  };
  return table;
}

Value call_loop(Runtime& runtime, const Loop& loop, const std::string& name, Values values) {
  if (name == "changed") {
    const bool changed =
        loop.changed->empty() || !std::equal(values.begin(), values.end(),
                                             loop.changed->begin() + 1, loop.changed->end(), equal);
    values.insert(values.begin(), Value());  // tells "called without values" from "never called"
    *loop.changed = std::move(values);
    return Value::boolean(changed);
  }
  if (values.empty()) runtime.fail("loop.cycle() needs something to go through");
  return values[loop.index % values.size()];
}

}  // namespace

Parameters::Parameters(Runtime& runtime, std::string what, Arguments arguments,
                       const std::vector<std::string_view>& names)
    : runtime_(runtime),
      what_(std::move(what)),
      names_(names),
      values_(names.size()),
      given_(names.size()) {
  if (arguments.values.size() > names.size())
    runtime.fail(what_, " takes at most ", counted(static_cast<int64_t>(names.size()), "argument"),
                 ", not ", arguments.values.size());
  for (size_t i = 0; i < arguments.values.size(); ++i) {
    values_[i] = std::move(arguments.values[i]);
    given_[i] = true;
  }
  for (auto& [name, value] : arguments.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    const auto i = static_cast<size_t>(found - names.begin());
    if (found == names.end()) runtime.fail(what_, " has no argument \"", name, "\"");
    if (given_[i]) runtime.fail(what_, ": the argument \"", name, "\" is given twice");
    values_[i] = std::move(value);
    given_[i] = true;
  }
}

const Value& Parameters::at(size_t i) const {
  if (!given_[i]) runtime_.fail(what_, " needs the argument \"", names_[i], "\"");
  return values_[i];
}

const std::string& Parameters::text(size_t i) const {
  const Value& value = at(i);
  if (value.undefined() != nullptr) runtime_.fail(value.undefined()->why);
  if (value.text() == nullptr)
    runtime_.fail(what_, ": \"", names_[i], "\" must be a string, not ", value.type_name());
  return *value.text();
}

std::optional<std::string_view> Parameters::text_or_none(size_t i) const {
  if (!has(i) || values_[i].is_none()) return std::nullopt;
  return text(i);
}

int64_t Parameters::integer(size_t i, int64_t fallback) const {
  if (!has(i)) return fallback;
  if (values_[i].undefined() != nullptr) runtime_.fail(values_[i].undefined()->why);
  if (!values_[i].as_integer())
    runtime_.fail(what_, ": \"", names_[i], "\" must be an integer, not ", values_[i].type_name());
  return *values_[i].as_integer();
}

bool apply_test(Runtime& runtime, const std::string& name, const Value& input,
                Arguments arguments) {
  runtime.work(input.weight());
  static const Names kNone, kOther = {"other"};
  const std::string what = "test \"" + name + "\"";
  const auto other = [&] { return Parameters(runtime, what, arguments, kOther).at(0); };
  const auto plain = plain_tests().find(name);
  if (plain != plain_tests().end()) {
    const Parameters none(runtime, what, std::move(arguments), kNone);
    return plain->second(input);
  }
  if (const auto sign = sign_of(name); !sign.empty()) return holds(runtime, sign, input, other());
  if (name == "sameas") return same(input, other());
  if (name == "odd" || name == "even") {
    const Value rest = binary(runtime, "%", input, Value::integer(2));
    return equal(rest, Value::integer(name == "odd" ? 1 : 0));
  }
  if (name == "lower") return is_lower(print(runtime, input));
  if (name == "upper") return is_upper(print(runtime, input));
  if (name == "divisibleby") return equal(binary(runtime, "%", input, other()), Value::integer(0));
  std::vector<std::string> known = {"sameas",      "odd", "even", "lower",  "upper",
                                    "divisibleby", "eq",  "ne",   "gt",     "ge",
                                    "lt",          "le",  "in",   "equalto"};
  for (const auto& test : plain_tests()) known.emplace_back(test.first);
  runtime.fail("test \"", name, "\" is not known", did_you_mean(name, known), "; slovo knows ",
               join(known));
}

bool is_method(const Value& value, const std::string& name) {
  const Names& names = method_names(value);
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value call_method(Runtime& runtime, const Value& self, const std::string& name,
                  Arguments arguments) {
  runtime.work(self.weight());
  if (self.loop() != nullptr) return call_loop(runtime, *self.loop(), name, arguments.values);
  const auto& table = self.text() != nullptr   ? text_methods()
                      : self.dict() != nullptr ? dict_methods()
                                               : list_methods();
  const auto found = table.find(name);
  if (found == table.end()) {
    std::vector<std::string> known;
    for (const auto& method : table) known.emplace_back(method.first);
    runtime.fail("the method \"", name, "\" of a ", self.type_name(),
                 " is not supported; slovo knows ", join(known));
  }
  const Parameters given(runtime, cat("the method \"", name, "\""), std::move(arguments),
                         found->second.parameters);
  return found->second.apply({runtime, self, given});
}

}  // namespace slovo::jinja
