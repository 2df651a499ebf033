// Jinja templates as trees. One node type for all: what `kids`, `names` and `blocks` hold depends
// on the kind.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/jinja_value.h"

namespace slovo::jinja {

using NodePtr = std::unique_ptr<Node>;
using Block = std::vector<NodePtr>;

struct Node {
  enum class Kind {
    // Expressions. Of call, filter and test: kids[0] is what they are applied to, kids[1...] are
    // the
    // arguments and names[0...] their names ("" where they have none).
    constant,
    name,
    list,
    tuple,
    dict,       ///< kids: key, value, key, value, ...
    attribute,  ///< kids[0].name
    item,       ///< kids[0][kids[1]]
    slice,      ///< begin, end, step; null where left out
    call,
    filter,  ///< kids[0] is null where the body of a block is filtered
    test,
    negate,
    plus,
    negation,
    both,
    either,
    binary,     ///< name: the operator
    compare,    ///< kids joined by the operators in names
    concat,     ///< ~
    condition,  ///< kids[1] if kids[0] else kids[2], which may be null
    // Statements.
    text,
    print,
    choice,        ///< if: blocks[i] where kids[i] is true, else the block behind them
    loop,          ///< for kids[0] in kids[1] if kids[2] (may be null); blocks: body, else
    assign,        ///< kids[0] = kids[1]
    assign_block,  ///< kids[0] = blocks[0], through the filters kids[1] (may be null)
    macro,         ///< names: parameters; kids: their defaults, null where they have none
    call_block,    ///< kids[0]: the call; kids[1]: the caller, a macro
    filter_block,
    with,  ///< kids: target, value, target, value, ...
    generation,
    stop,  ///< break
    skip,  ///< continue
  };

  Kind kind = Kind::constant;
  int line = 1;
  std::string name;
  Value value;
  std::vector<NodePtr> kids;
  std::vector<std::string> names;
  std::vector<Block> blocks;
  int depth = 1;
};

/// Parses a whole template. `where` leads the message of the Error(data) that a wrong one throws.
Block parse(std::string_view source, const std::string& where);

}  // namespace slovo::jinja
