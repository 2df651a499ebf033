#include "tokenizer/charsmap.h"

#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo {
namespace {

/// A unit of a double array, as the Darts-clone library lays it out.
bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t value(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t label(uint32_t unit) { return unit & 0x800000FF; }
size_t offset(uint32_t unit) { return size_t{unit >> 10} << ((unit & 0x200) >> 6); }

/// HF looks up whole graphemes below this length only.
constexpr size_t kLongestGrapheme = 6;

struct CloseText {
  void operator()(UText* text) const { utext_close(text); }
};

/// ICU's own tables of grapheme clusters; one iterator a thread.
icu::BreakIterator& grapheme_iterator() {
  thread_local const std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status))
      throw_io("the Unicode library cannot load its tables of characters: ", u_errorName(status));
    return made;
  }();
  return *iterator;
}

}  // namespace

Charsmap::Charsmap(std::string_view blob, const std::string& where) {
  uint32_t bytes = 0;
  if (blob.size() >= sizeof bytes) std::memcpy(&bytes, blob.data(), sizeof bytes);
  if (bytes == 0 || bytes % sizeof(uint32_t) != 0 || bytes > blob.size() - sizeof bytes) {
    throw_data(where, ": damaged: the trie has ", bytes, " bytes, the whole ", blob.size(),
               "; get the file again");
  }
  units_.resize(bytes / sizeof(uint32_t));
  std::memcpy(units_.data(), blob.data() + sizeof bytes, bytes);
  replacements_ = blob.substr(sizeof bytes + bytes);
  if (!utf8::is_valid(replacements_))
    throw_data(where, ": damaged: the replacements are not UTF-8; get the file again");
}

std::optional<std::string_view> Charsmap::find(std::string_view part) const {
  size_t node = offset(units_[0]);
  for (const char c : part) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte == 0) break;
    node ^= byte;
    // A damaged trie may point anywhere: nothing is found there.
    if (node >= units_.size() || label(units_[node]) != byte) break;
    const uint32_t unit = units_[node];
    node ^= offset(unit);
    if (!has_leaf(unit)) continue;
    if (node >= units_.size() || value(units_[node]) > replacements_.size()) break;
    const char* text = replacements_.c_str() + value(units_[node]);
    // A place inside a character is damage too.
    if ((static_cast<uint8_t>(*text) & 0xC0) == 0x80) break;
    return std::string_view(text);
  }
  return std::nullopt;
}

void Charsmap::append(std::string_view grapheme, std::string& out) const {
  if (grapheme.size() < kLongestGrapheme) {
    if (const auto replacement = find(grapheme)) {
      out += *replacement;
      return;
    }
  }
  for (size_t at = 0; at < grapheme.size();) {
    const size_t begin = at;
    utf8::next(grapheme, at);
    const std::string_view character = grapheme.substr(begin, at - begin);
    out += find(character).value_or(character);
  }
}

std::string Charsmap::apply(std::string_view text) const {
  if (text.size() > INT32_MAX)
    throw_data("a text of ", text.size(), " bytes is too long to normalise; split it below 2 GiB");
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, CloseText> source(
      utext_openUTF8(nullptr, text.data(), static_cast<int64_t>(text.size()), &status));
  icu::BreakIterator& graphemes = grapheme_iterator();
  graphemes.setText(source.get(), status);
  SLOVO_CHECK(U_SUCCESS(status), u_errorName(status));
  std::string out;
  out.reserve(text.size());
  size_t begin = 0;
  for (int32_t end = graphemes.next(); end != icu::BreakIterator::DONE; end = graphemes.next()) {
    append(text.substr(begin, static_cast<size_t>(end) - begin), out);
    begin = static_cast<size_t>(end);
  }
  return out;
}

}  // namespace slovo
