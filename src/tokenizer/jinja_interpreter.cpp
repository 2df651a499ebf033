#include "tokenizer/jinja_interpreter.h"

#include <algorithm>
#include <ctime>

#include "core/utf8.h"
#include "tokenizer/jinja_operators.h"

namespace slovo::jinja {
namespace {

using Kind = Node::Kind;

constexpr size_t kMostVariables = 1000;     // of a block: they are looked for one by one
constexpr int64_t kLongestRange = 100'000;  // Jinja's sandbox has the same limit
constexpr std::string_view kGlobals[] = {"range", "dict", "namespace", "raise_exception",
                                         "strftime_now"};

std::string now(Runtime& runtime, const std::string& format) {
  if (format.size() > 1000) runtime.fail("strftime_now: the format is longer than 1,000 bytes");
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string out(format.size() * 64 + 64, '\0');
  out.resize(std::strftime(out.data(), out.size(), format.c_str(), &local));
  return utf8::replace_invalid(out);
}

class EmptiedAtEnd {
 public:
  explicit EmptiedAtEnd(Values& values) : values_(values) {}
  ~EmptiedAtEnd() { values_.clear(); }
  EmptiedAtEnd(const EmptiedAtEnd&) = delete;
  EmptiedAtEnd& operator=(const EmptiedAtEnd&) = delete;

 private:
  Values& values_;
};

}  // namespace

bool Scope::set(const std::string& name, Value value) {
  for (auto& item : items_) {
    if (item.first != name) continue;
    item.second = std::move(value);
    return true;
  }
  if (items_.size() == kMostVariables) return false;
  items_.emplace_back(name, std::move(value));
  return true;
}

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    for (const auto& item : scope->items_)
      if (item.first == name) return &item.second;
  }
  return nullptr;
}

/// Goes when it ends, unless a macro that was written inside may still need it.
class Interpreter::Inner {
 public:
  explicit Inner(Interpreter& owner) : Inner(owner, owner.scope_) {}
  Inner(Interpreter& owner, Scope* parent) : owner_(owner), outer_(owner.scope_) {
    owner.scope_ = &owner.scopes_.emplace_back(parent);
  }
  ~Inner() {
    if (owner_.scope_ == &owner_.scopes_.back() && !owner_.scope_->kept) owner_.scopes_.pop_back();
    owner_.scope_ = outer_;
  }
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;

 private:
  Interpreter& owner_;
  Scope* outer_;
};

class Interpreter::Capture {
 public:
  explicit Capture(Interpreter& owner) : owner_(owner), outer_(owner.out_) { owner.out_ = &text; }
  ~Capture() { owner_.out_ = outer_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string text;

 private:
  Interpreter& owner_;
  std::string* outer_;
};

Interpreter::~Interpreter() {
  for (const auto& space : namespaces_) space->items.clear();
}

void Interpreter::run(const Block& block) { run_block(block); }

void Interpreter::write(const std::string& text) {
  runtime_.make(text.size());
  *out_ += text;
}

Interpreter::Flow Interpreter::run_block(const Block& block) {
  const Nested nested(runtime_);
  for (const NodePtr& node : block) {
    const Flow flow = run_statement(*node);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::run_statement(const Node& node) {
  runtime_.line = node.line;
  runtime_.step();
  switch (node.kind) {
    case Kind::text:
      write(node.name);
      break;
    case Kind::print:
      write(print(runtime_, evaluate(*node.kids[0])));
      break;
    case Kind::choice:
      return run_choice(node);
    case Kind::loop:
      return run_loop(node);
    case Kind::assign:
      assign(*node.kids[0], evaluate(*node.kids[1]));
      break;
    case Kind::assign_block:
      return run_assign_block(node);
    case Kind::filter_block:
      return run_filter_block(node);
    case Kind::with:
      return run_with(node);
    case Kind::macro:
      define(node.name, make_macro(node));
      break;
    case Kind::call_block:
      run_call_block(node);
      break;
    case Kind::generation:
      run_generation(node);
      break;
    case Kind::stop:
      return Flow::stop;
    case Kind::skip:
      return Flow::skip;
    default:
      SLOVO_CHECK(false, "not a statement");
  }
  return Flow::next;
}

Interpreter::Flow Interpreter::run_choice(const Node& node) {
  for (size_t i = 0; i < node.kids.size(); ++i)
    if (truth(evaluate(*node.kids[i]))) return run_block(node.blocks[i]);
  return run_block(node.blocks.back());
}

/// What the loop goes through, after its condition.
Values Interpreter::loop_items(const Node& node) {
  const Value over = evaluate(*node.kids[1]);
  runtime_.line = node.line;
  Values items = iterate(runtime_, over);
  if (node.kids[2] == nullptr) return items;
  Values out;
  for (Value& item : items) {
    const Inner inner(*this);
    assign(*node.kids[0], item);
    if (truth(evaluate(*node.kids[2]))) out.push_back(std::move(item));
  }
  return out;
}

Interpreter::Flow Interpreter::run_loop(const Node& node) {
  const auto items = std::make_shared<const Values>(loop_items(node));
  const auto changed = std::make_shared<Values>();
  const EmptiedAtEnd emptied(*changed);  // it may hold the loop that holds it
  bool any = false;  // pass that came to its end: Jinja runs "else" also where all were cut short
  for (size_t i = 0; i < items->size(); ++i) {
    runtime_.step();
    const Inner inner(*this);
    define("loop", std::make_shared<Loop>(Loop{items, i, changed}));
    assign(*node.kids[0], (*items)[i]);
    const Flow flow = run_block(node.blocks[0]);
    if (flow == Flow::stop) break;
    any = any || flow == Flow::next;
  }
  if (any) return Flow::next;
  const Inner inner(*this);
  return run_block(node.blocks[1]);
}

Interpreter::Flow Interpreter::capture_block(const Block& block, Value& text) {
  Capture capture(*this);
  const Flow flow = run_block(block);
  if (flow == Flow::next) text = make_text(runtime_, std::move(capture.text));
  return flow;
}

Interpreter::Flow Interpreter::run_assign_block(const Node& node) {
  Value value;
  {
    const Inner inner(*this);
    const Flow flow = capture_block(node.blocks[0], value);
    if (flow != Flow::next) return flow;
    if (node.kids[1] != nullptr) value = evaluate_filter(*node.kids[1], &value);
  }
  assign(*node.kids[0], value);
  return Flow::next;
}

Interpreter::Flow Interpreter::run_filter_block(const Node& node) {
  Value value;
  const Inner inner(*this);
  const Flow flow = capture_block(node.blocks[0], value);
  if (flow != Flow::next) return flow;
  write(print(runtime_, evaluate_filter(*node.kids[0], &value)));
  return Flow::next;
}

Interpreter::Flow Interpreter::run_with(const Node& node) {
  Values values;  // all seen from outside
  for (size_t i = 1; i < node.kids.size(); i += 2) values.push_back(evaluate(*node.kids[i]));
  const Inner inner(*this);
  for (size_t i = 0; i < values.size(); ++i) assign(*node.kids[2 * i], values[i]);
  return run_block(node.blocks[0]);
}

void Interpreter::run_call_block(const Node& node) {
  const Value caller = make_macro(*node.kids[1]);
  write(print(runtime_, evaluate_call(*node.kids[0], &caller)));
}

void Interpreter::run_generation(const Node& node) {
  const Inner inner(*this);
  const size_t begin = output.size();
  run_block(node.blocks[0]);
  if (out_ == &output)
    generated.emplace_back(begin, output.size());
  else
    lost_generation = node.line;
}

void Interpreter::define(const std::string& name, Value value) {
  if (!scope_->set(name, std::move(value)))
    runtime_.fail("more than ", with_commas(kMostVariables), " variables in one block");
}

void Interpreter::assign(const Node& target, const Value& value) {
  runtime_.line = target.line;
  if (target.kind == Kind::name) return define(target.name, value);
  if (target.kind == Kind::attribute) {
    const Value space = evaluate(*target.kids[0]);
    if (space.undefined() != nullptr) runtime_.fail(space.undefined()->why);
    if (space.space() == nullptr)
      runtime_.fail("only a namespace() takes \".", target.name, "\"; this is a value of type ",
                    space.type_name());
    if (target.name.starts_with('_'))
      runtime_.fail("a namespace takes no name that begins with \"_\", as \"", target.name, "\"");
    space.space()->items[target.name] = value;
    return;
  }
  const Values items = iterate(runtime_, value);
  if (items.size() != target.kids.size())
    runtime_.fail(items.size(), " values cannot be unpacked into ",
                  counted(static_cast<int64_t>(target.kids.size()), "name"));
  for (size_t i = 0; i < items.size(); ++i) assign(*target.kids[i], items[i]);
}

Value Interpreter::make_macro(const Node& node) {
  scope_->kept = true;
  runtime_.make(1024);  // about what stays until the end: scopes around here, the function
  Function macro;
  macro.kind = Function::Kind::macro;
  macro.name = node.name;
  macro.macro = &node;
  macro.scope = scope_;
  return std::make_shared<const Function>(std::move(macro));
}

Value Interpreter::call(const Value& callee, Arguments arguments) {
  const auto* function = callee.function();
  if (callee.undefined() != nullptr) runtime_.fail(callee.undefined()->why);
  if (function == nullptr)
    runtime_.fail("a value of type ", callee.type_name(), " cannot be called");
  switch (function->kind) {
    case Function::Kind::method:
      return call_method(runtime_, function->self, function->name, std::move(arguments));
    case Function::Kind::macro:
      return call_macro(*function, std::move(arguments));
    default:
      return call_global(function->name, std::move(arguments));
  }
}

Value Interpreter::call_macro(const Function& function, Arguments arguments) {
  const Node& macro = *function.macro;
  const Inner inner(*this, function.scope);
  define("caller",
         Value::undefined("the macro \"" + macro.name + "\" was not called by {% call %}"));
  std::vector<std::string_view> names(macro.names.begin(), macro.names.end());
  const bool takes_caller = std::find(names.begin(), names.end(), "caller") != names.end();
  for (auto named = arguments.named.begin(); !takes_caller && named != arguments.named.end();
       ++named) {
    if (named->first != "caller") continue;
    define("caller", named->second);
    arguments.named.erase(named);
    break;
  }
  const Parameters given(runtime_, "the macro \"" + macro.name + "\"", std::move(arguments), names);
  for (size_t i = 0; i < names.size(); ++i) {
    const NodePtr& fallback = macro.kids[i];
    define(macro.names[i],
           given.has(i) ? given.at(i)
           : fallback != nullptr
               ? evaluate(*fallback)
               : Value::undefined(cat("the parameter \"", names[i], "\" of the macro \"",
                                      macro.name, "\" was not given")));
  }
  Capture capture(*this);
  run_block(macro.blocks[0]);
  return make_text(runtime_, std::move(capture.text));
}

Value Interpreter::call_global(const std::string& name, Arguments arguments) {
  if (name == "range") return make_range(std::move(arguments));
  if (name == "namespace") return make_namespace(std::move(arguments));
  if (name == "dict") {
    std::vector<std::pair<Value, Value>> items;
    if (!arguments.values.empty()) runtime_.fail("dict() takes only arguments with names");
    for (auto& [key, value] : arguments.named)
      items.emplace_back(Value::text(key), std::move(value));
    return make_dict(runtime_, std::move(items));
  }
  static const std::vector<std::string_view> kMessage = {"message"}, kFormat = {"format"};
  if (name == "strftime_now")
    return make_text(
        runtime_, now(runtime_, Parameters(runtime_, name, std::move(arguments), kFormat).text(0)));
  const Parameters given(runtime_, name, std::move(arguments), kMessage);
  runtime_.fail("the template refuses the dialogue: ", print(runtime_, given.at(0)));
}

Value Interpreter::make_range(Arguments arguments) {
  static const std::vector<std::string_view> kNames = {"start", "stop", "step"};
  const size_t count = arguments.values.size();
  const Parameters given(runtime_, "range", std::move(arguments), kNames);
  given.at(0);
  const int64_t begin = count > 1 ? given.integer(0, 0) : 0;
  const int64_t end = given.integer(count > 1 ? 1 : 0, 0), step = given.integer(2, 1);
  if (step == 0) runtime_.fail("range: the step is zero");
  const double passes =
      (static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step);
  if (passes > static_cast<double>(kLongestRange))
    runtime_.fail("range: more than ", with_commas(kLongestRange), " numbers");
  Values out;
  for (int64_t i = begin; static_cast<double>(out.size()) < passes; i += step)
    out.push_back(Value::integer(i));
  return make_list(runtime_, std::move(out), List::Kind::range);
}

Value Interpreter::make_namespace(Arguments arguments) {
  auto space = std::make_shared<Namespace>();
  runtime_.make(sizeof(Namespace));
  for (const Value& value : arguments.values) {
    if (value.dict() == nullptr) runtime_.fail("namespace() takes a dict or arguments with names");
    for (const auto& [key, item] : value.dict()->items)
      if (key.text() != nullptr) space->items[*key.text()] = item;
  }
  for (auto& [name, value] : arguments.named) space->items[name] = std::move(value);
  for (const auto& item : space->items)
    if (item.first.starts_with('_'))
      runtime_.fail("a namespace takes no name that begins with \"_\", as \"", item.first, "\"");
  namespaces_.push_back(space);
  return space;
}

Value Interpreter::evaluate_name(const Node& node) {
  if (const Value* found = scope_->find(node.name)) return *found;
  const auto* known = std::find(std::begin(kGlobals), std::end(kGlobals), node.name);
  if (known == std::end(kGlobals)) return Value::undefined("\"" + node.name + "\" is not defined");
  Function global;
  global.name = node.name;
  return std::make_shared<const Function>(std::move(global));
}

}  // namespace slovo::jinja
