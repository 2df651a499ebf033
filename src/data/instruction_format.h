// The forms in which instruction data is found, recognised by the keys of a row, and how each
// becomes dialogues. docs/instruction_data.md describes them for users. Knows no files and no
// tokens.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/json.h"
#include "data/dialogue.h"

namespace slovo {

/// data.columns: what a row calls the key that slovo looks for, by slovo's name.
using ColumnNames = std::map<std::string, std::string>;
/// From ["output=answer", ...]. Throws Error(config) for an entry without "=" and a name that no
/// form has.
ColumnNames parse_columns(const std::vector<std::string>& entries);
/// Renames the keys of a row. Throws Error(data) when a row has no such key.
void rename_columns(Json& row, const ColumnNames& columns, const std::string& where);

/// The form that a file's first row is of. Throws Error(data) that says what was found and what is
/// wanted; a file of questions without answers is told so.
InstructionFormat recognise_format(const Json& row, const std::string& where);

/// The dialogues of a row (several of an OASST tree or a Self-Instruct task). `where` leads the
/// message of the Error(data) that an unfit row throws.
std::vector<Dialogue> read_dialogues(const Json& row, InstructionFormat format,
                                     const std::string& where);

}  // namespace slovo
