// Rows of instruction files, streamed in order: JSON objects of .jsonl and .json files, documents
// of text files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/corpus.h"

namespace slovo {

/// Called with each row and its place ("chats.json, row 3", "chats.jsonl:3").
using RowVisitor = std::function<void(Json row, const std::string& where)>;
/// Called instead with what is wrong with a row that is no JSON; may throw it.
using RowProblem = std::function<void(const Error& problem)>;

/// Calls `visit` with every row of `file`; a document of a text file is a row {"text": ...}. Lines
/// without text are passed over. Throws Error(data) for a file that is damaged, not UTF-8, or,
/// being .json, not a list.
void read_rows(const CorpusFile& file, const TextForm& form, const RowVisitor& visit,
               const RowProblem& problem);

}  // namespace slovo
