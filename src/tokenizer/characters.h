// Kinds of characters as HF `tokenizers` knows them. Its tables of categories are those of Unicode
// 8 and 9; a character that came later is in none of them, and a few have moved since.
#pragma once

#include <string_view>

namespace slovo {

/// White_Space.
bool is_space(char32_t c);
/// \w of Unicode Technical Standard 18.
bool is_word_character(char32_t c);
/// A digit or another number, of any script.
bool is_numeric(char32_t c);
/// Punctuation, and ASCII's symbols.
bool is_punctuation(char32_t c);
/// A control, format or private character.
bool is_other(char32_t c);
/// A combining mark that takes no room: what BERT calls an accent.
bool is_nonspacing_mark(char32_t c);
/// Any combining mark.
bool is_combining_mark(char32_t c);

/// The character that ends at text[end), which is not 0; `begin` is where it begins.
char32_t character_before(std::string_view text, size_t end, size_t& begin);
/// Offset behind the white space that begins at `at`.
size_t skip_spaces(std::string_view text, size_t at);
/// Offset of the white space that ends at `end`.
size_t skip_spaces_back(std::string_view text, size_t end);

}  // namespace slovo
