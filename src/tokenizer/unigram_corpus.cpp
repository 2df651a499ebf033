#include "tokenizer/unigram_corpus.h"

#include <unicode/uscript.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo {
namespace {

constexpr double kCoverage = 0.9995;
constexpr uint32_t kLongestPiece = 16;
constexpr char32_t kSpaceMark = 0x2581;

int32_t script_of(char32_t c) {
  constexpr char32_t kLongVowelMark = 0x30FC;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  const bool kana = script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || c == kLongVowelMark;
  return kana ? USCRIPT_HAN : script;
}

/// The weight of a string is the number of its occurrences.
struct StringNode {
  uint32_t depth;
  uint32_t begin;
  int64_t weight;
};

}  // namespace

UnigramCorpus::UnigramCorpus(const CountedWords& words) {
  std::vector<int64_t> counts(0x110000);
  words.for_each([&](std::string_view word, int64_t count) {
    for (size_t at = 0; at < word.size();) counts[utf8::next(word, at)] += count;
  });
  CharacterCounts seen;
  for (char32_t c = 1; c < counts.size(); ++c) {
    if (counts[c] > 0) seen.emplace_back(c, counts[c]);
  }
  choose_alphabet(seen);
  add_words(words);
  list_characters();
}

void UnigramCorpus::choose_alphabet(const CharacterCounts& counts) {
  CharacterCounts order = counts;
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  int64_t all = 0;
  for (const auto& [c, count] : order) all += count;
  int64_t covered = 0;
  for (const auto& [c, count] : order) {
    if (static_cast<double>(covered) >= kCoverage * static_cast<double>(all)) break;
    covered += count;
    alphabet_.push_back(c);
  }
  std::sort(alphabet_.begin(), alphabet_.end());
  for (const char32_t c : alphabet_) scripts_.push_back(script_of(c));
}

void UnigramCorpus::add_words(const CountedWords& words) {
  std::vector<uint32_t> symbol_of(0x110000);
  for (size_t i = 0; i < alphabet_.size(); ++i)
    symbol_of[alphabet_[i]] = static_cast<uint32_t>(i + 1);
  const auto end_word = [this](int64_t count) {
    const size_t begin = words_.empty() ? 0 : words_.back().begin + words_.back().length + 1;
    if (begin == symbols_.size()) return;
    words_.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(symbols_.size() - begin), count});
    symbols_.push_back(0);
  };
  words.for_each([&](std::string_view word, int64_t count) {
    for (size_t at = 0; at < word.size();) {
      const uint32_t symbol = symbol_of[utf8::next(word, at)];
      if (symbol != 0) {
        symbols_.push_back(symbol);
      } else {
        end_word(count);
      }
    }
    end_word(count);
  });
  SLOVO_CHECK(symbols_.size() < std::numeric_limits<uint32_t>::max(), "too many different words");
}

void UnigramCorpus::list_characters() {
  struct Seen {
    SymbolPiece piece;
    int64_t count = 0;
  };
  std::vector<Seen> seen(alphabet_.size() + 1);
  for (const Word& word : words_) {
    for (uint32_t i = word.begin; i < word.begin + word.length; ++i) {
      Seen& character = seen[symbols_[i]];
      if (character.count == 0) character.piece = {i, 1, 0};
      character.count += word.count;
    }
  }
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Seen& a, const Seen& b) { return a.count > b.count; });
  for (const Seen& character : seen) {
    if (character.count == 0) break;  // the ends of words
    characters_.push_back(character.piece);
    characters_.back().score = static_cast<double>(character.count);
  }
}

std::string UnigramCorpus::text(const SymbolPiece& piece) const {
  std::string out;
  for (const uint32_t symbol : symbols(piece)) utf8::append(out, alphabet_[symbol - 1]);
  return out;
}

/// The mark of a space only in front, and letters of one script, as in SentencePiece.
bool UnigramCorpus::may_be_token(const SymbolPiece& piece) const {
  if (piece.length < 2 || piece.length > kLongestPiece) return false;
  constexpr int32_t kNone = -1;
  int32_t before = kNone;
  for (uint32_t i = 0; i < piece.length; ++i) {
    const uint32_t symbol = symbols_[piece.begin + i] - 1;
    if (alphabet_[symbol] == kSpaceMark) {
      if (i > 0) return false;
      continue;
    }
    const int32_t script = scripts_[symbol];
    if (script == USCRIPT_INHERITED) continue;
    if (before != kNone && script != before) return false;
    before = script;
  }
  return true;
}

/// Strings behind which different symbols, or ends of words, follow: a longer form of any other
/// string is just as frequent. They are the inner nodes of the suffix tree, found as stretches of
/// equal beginning among the sorted suffixes. Their scores are the symbols they cover.
std::vector<SymbolPiece> UnigramCorpus::repeated_strings() const {
  constexpr uint32_t kDeepest = kLongestPiece + 1;
  const uint32_t* const text = symbols_.data();
  std::vector<uint32_t> suffixes;
  std::vector<uint32_t> word_of(symbols_.size());
  for (uint32_t w = 0; w < words_.size(); ++w) {
    for (uint32_t i = words_[w].begin; i < words_[w].begin + words_[w].length; ++i) {
      suffixes.push_back(i);
      word_of[i] = w;
    }
  }
  const auto common = [text](uint32_t a, uint32_t b) {
    uint32_t depth = 0;
    while (depth < kDeepest && text[a + depth] == text[b + depth] && text[a + depth] != 0) ++depth;
    return depth;
  };
  std::sort(suffixes.begin(), suffixes.end(), [&](uint32_t a, uint32_t b) {
    const uint32_t depth = common(a, b);
    return depth < kDeepest && text[a + depth] < text[b + depth];
  });
  std::vector<SymbolPiece> found;
  std::vector<StringNode> open{{0, 0, 0}};
  const auto close_to = [&](uint32_t depth, uint32_t begin) {
    int64_t weight = 0;
    while (open.back().depth > depth) {
      StringNode node = open.back();
      open.pop_back();
      node.weight += weight;
      weight = node.weight;
      SymbolPiece piece{node.begin, node.depth, 0};
      piece.score = static_cast<double>(weight) * node.depth;
      if (weight >= 2 && may_be_token(piece)) found.push_back(piece);
    }
    if (open.back().depth < depth) open.push_back({depth, begin, 0});
    open.back().weight += weight;
  };
  for (size_t i = 0; i < suffixes.size(); ++i) {
    const uint32_t begin = suffixes[i];
    close_to(i == 0 ? 0 : common(suffixes[i - 1], begin), begin);
    const Word& word = words_[word_of[begin]];
    const uint32_t depth = std::min(kDeepest, word.begin + word.length - begin);
    if (open.back().depth < depth) open.push_back({depth, begin, 0});
    open.back().weight += word.count;
  }
  close_to(0, 0);
  return found;
}

bool UnigramCorpus::in_order(const SymbolPiece& a, const SymbolPiece& b) const {
  const uint32_t size = std::min(a.length, b.length);
  for (uint32_t i = 0; i < size; ++i) {
    const uint32_t left = symbols_[a.begin + i];
    const uint32_t right = symbols_[b.begin + i];
    if (left != right) return left < right;
  }
  return a.length < b.length;
}

void UnigramCorpus::sort(std::vector<SymbolPiece>& pieces) const {
  std::sort(pieces.begin(), pieces.end(),
            [this](const SymbolPiece& a, const SymbolPiece& b) { return in_order(a, b); });
}

std::vector<SymbolPiece> UnigramCorpus::seeds(size_t most) const {
  std::vector<SymbolPiece> pieces = repeated_strings();
  if (pieces.size() > most) {
    std::sort(pieces.begin(), pieces.end(), [this](const SymbolPiece& a, const SymbolPiece& b) {
      return a.score != b.score ? a.score > b.score : in_order(a, b);
    });
    pieces.resize(most);
  }
  pieces.insert(pieces.end(), characters_.begin(), characters_.end());
  sort(pieces);
  double sum = 0;
  for (const SymbolPiece& piece : pieces) sum += piece.score;
  for (SymbolPiece& piece : pieces) piece.score = std::log(piece.score / sum);
  return pieces;
}

}  // namespace slovo
