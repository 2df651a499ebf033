// Runs a parsed Jinja template.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/jinja_functions.h"
#include "tokenizer/jinja_parser.h"

namespace slovo::jinja {

/// The variables of a block. A name that is not here is looked for in the parent.
class Scope {
 public:
  explicit Scope(Scope* parent) : parent_(parent) {}
  /// False when the scope is full.
  bool set(const std::string& name, Value value);
  const Value* find(const std::string& name) const;

  bool kept = false;  ///< a macro was written here: it sees these variables when it is called

 private:
  Scope* parent_;
  std::vector<std::pair<std::string, Value>> items_;
};

class Interpreter {
 public:
  explicit Interpreter(Runtime& runtime) : runtime_(runtime) { scopes_.emplace_back(nullptr); }
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// A variable of the template.
  void set(const std::string& name, Value value) { define(name, std::move(value)); }
  void run(const Block& block);

  std::string output;
  /// Bytes of the output that {% generation %} blocks wrote: begin and end.
  std::vector<std::pair<size_t, size_t>> generated;
  /// Line of a {% generation %} block whose place in the output is not known, because its text went
  /// through a macro or a variable; 0 when there was none.
  int lost_generation = 0;

 private:
  enum class Flow { next, stop, skip };

  class Inner;    // a scope inside the current one
  class Capture;  // output into a string

  Flow run_block(const Block& block);
  /// Runs it with its output going into `text`, which is set when the block came to its end.
  Flow capture_block(const Block& block, Value& text);
  Flow run_statement(const Node& node);
  Flow run_choice(const Node& node);
  Flow run_loop(const Node& node);
  Flow run_assign_block(const Node& node);
  Flow run_filter_block(const Node& node);
  Flow run_with(const Node& node);
  void run_call_block(const Node& node);
  void run_generation(const Node& node);
  Values loop_items(const Node& node);
  void define(const std::string& name, Value value);
  void assign(const Node& target, const Value& value);
  void write(const std::string& text);

  Value evaluate(const Node& node);
  Value evaluate_list(const Node& node, List::Kind kind);
  Value evaluate_dict(const Node& node);
  Value evaluate_name(const Node& node);
  Value evaluate_item(const Node& node);
  Value evaluate_compare(const Node& node);
  Value evaluate_concat(const Node& node);
  Value evaluate_condition(const Node& node);
  Value evaluate_filter(const Node& node, const Value* block);
  Value evaluate_call(const Node& node, const Value* caller);
  Arguments arguments(const Node& node);

  Value make_macro(const Node& node);
  Value call(const Value& callee, Arguments arguments);
  Value call_macro(const Function& macro, Arguments arguments);
  Value call_global(const std::string& name, Arguments arguments);
  Value make_range(Arguments arguments);
  Value make_namespace(Arguments arguments);

  Runtime& runtime_;
  std::deque<Scope> scopes_;  ///< the last is the innermost, unless macros keep some alive
  Scope* scope_ = &scopes_.front();
  std::string* out_ = &output;
  std::vector<std::shared_ptr<Namespace>>
      namespaces_;  ///< emptied at the end: they may hold cycles
};

}  // namespace slovo::jinja
