#include "tokenizer/unigram_corpus.h"

#include <unicode/uscript.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo {
namespace {

constexpr double kCoverage = 0.9995;
constexpr uint32_t kLongestPiece = 16;
constexpr uint32_t kDeepest = kLongestPiece + 1;  // where longer strings differ does not matter
constexpr char32_t kSpaceMark = 0x2581;

int32_t script_of(char32_t c) {
  constexpr char32_t kLongVowelMark = 0x30FC;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  const bool kana = script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || c == kLongVowelMark;
  return kana ? USCRIPT_HAN : script;
}

/// The first byte of a character in UTF-8.
uint8_t lead_byte(char32_t c) {
  std::string bytes;
  utf8::append(bytes, c);
  return static_cast<uint8_t>(bytes[0]);
}

}  // namespace

UnigramCorpus::UnigramCorpus(const CountedWords& words) {
  std::vector<int64_t> counts(0x110000);
  words.for_each([&](std::string_view word, int64_t count) {
    for (size_t at = 0; at < word.size();) counts[utf8::next(word, at)] += count;
  });
  counts[kLineEnd] = 0;
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
  // The next word begins with the mark of a space; SentencePiece has a sign near it in rare ones'
  // stead.
  const uint8_t space = lead_byte(kSpaceMark);
  leads_ = {space, 0, space};
  for (const char32_t c : alphabet_) {
    scripts_.push_back(script_of(c));
    leads_.push_back(lead_byte(c));
  }
}

void UnigramCorpus::add_words(const CountedWords& words) {
  std::vector<uint32_t> symbol_of(0x110000, kRareCharacter);
  for (size_t i = 0; i < alphabet_.size(); ++i)
    symbol_of[alphabet_[i]] = kFirstCharacter + static_cast<uint32_t>(i);
  symbol_of[kLineEnd] = kEndOfLine;
  words.for_each([&](std::string_view word, int64_t count) {
    const size_t begin = symbols_.size();
    for (size_t at = 0; at < word.size();) symbols_.push_back(symbol_of[utf8::next(word, at)]);
    if (symbols_.empty() || symbols_.back() != kEndOfLine) symbols_.push_back(kEndOfWord);
    words_.push_back(
        {static_cast<uint32_t>(begin), static_cast<uint32_t>(symbols_.size() - begin - 1), count});
  });
  symbols_.push_back(kEndOfWord);  // stands behind any string
  SLOVO_CHECK(symbols_.size() < std::numeric_limits<uint32_t>::max(), "too many different words");
}

void UnigramCorpus::list_characters() {
  struct Seen {
    SymbolPiece piece;
    int64_t count = 0;
  };
  std::vector<Seen> seen(symbol_count());
  for (const Word& word : words_) {
    for (uint32_t i = word.begin; i < word.begin + word.length; ++i) {
      if (symbols_[i] < kFirstCharacter) continue;
      Seen& character = seen[symbols_[i]];
      if (character.count == 0) character.piece = {i, 1, 0};
      character.count += word.count;
    }
  }
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Seen& a, const Seen& b) { return a.count > b.count; });
  for (const Seen& character : seen) {
    if (character.count == 0) break;  // no characters of the alphabet
    characters_.push_back(character.piece);
    characters_.back().score = static_cast<double>(character.count);
  }
}

std::string UnigramCorpus::text(const SymbolPiece& piece) const {
  std::string out;
  for (const uint32_t symbol : symbols(piece))
    utf8::append(out, alphabet_[symbol - kFirstCharacter]);
  return out;
}

/// The mark of a space only in front, and letters of one script, as in SentencePiece.
bool UnigramCorpus::may_be_token(const SymbolPiece& piece) const {
  if (piece.length < 2 || piece.length > kLongestPiece) return false;
  constexpr int32_t kNone = -1;
  int32_t before = kNone;
  for (uint32_t i = 0; i < piece.length; ++i) {
    if (symbols_[piece.begin + i] < kFirstCharacter) return false;
    const uint32_t symbol = symbols_[piece.begin + i] - kFirstCharacter;
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

std::vector<uint32_t> UnigramCorpus::words_of_places() const {
  std::vector<uint32_t> out(symbols_.size());
  for (uint32_t w = 0; w < words_.size(); ++w)
    std::fill_n(out.begin() + words_[w].begin, words_[w].length, w);
  return out;
}

/// The places of the corpus where a string can begin, in the order of what stands there.
std::vector<uint32_t> UnigramCorpus::sorted_suffixes() const {
  std::vector<uint32_t> suffixes;
  for (const Word& word : words_) {
    for (uint32_t i = 0; i < word.length; ++i) suffixes.push_back(word.begin + i);
  }
  std::sort(suffixes.begin(), suffixes.end(), [this](uint32_t a, uint32_t b) {
    const uint32_t depth = common_depth(a, b);
    return depth < kDeepest && symbols_[a + depth] < symbols_[b + depth] &&
           (depth == 0 || symbols_[a + depth - 1] >= kFirstCharacter);
  });
  return suffixes;
}

/// How many symbols are the same from `a` and from `b` on, as far as the first that is no character
/// or the longest string that counts.
uint32_t UnigramCorpus::common_depth(uint32_t a, uint32_t b) const {
  uint32_t depth = 0;
  while (depth < kDeepest && symbols_[a + depth] == symbols_[b + depth]) {
    if (symbols_[a + depth++] < kFirstCharacter) break;
  }
  return depth;
}

/// Strings behind which different things follow: a longer form of any other string is just as
/// frequent. They are the inner nodes of the suffix tree, found as stretches of equal beginning
/// among the sorted suffixes. SentencePiece looks for them in UTF-8, so what follows must differ in
/// its first byte. The score of a string is how many symbols it covers.
std::vector<SymbolPiece> UnigramCorpus::repeated_strings() const {
  struct Node {
    uint32_t depth = 0;
    uint32_t begin = 0;
    int64_t weight = 0;  // occurrences
    std::optional<uint8_t> follower = {};
    bool branches = false;
  };
  std::vector<SymbolPiece> found;
  std::vector<Node> open{{}};
  const auto close = [&] {
    const Node node = open.back();
    open.pop_back();
    SymbolPiece piece{node.begin, node.depth, static_cast<double>(node.weight) * node.depth};
    if (node.branches && may_be_token(piece)) found.push_back(piece);
    return node;
  };
  const auto close_to = [&](uint32_t depth) {
    while (open.back().depth > depth) {
      const Node child = close();
      if (open.back().depth < depth) open.push_back({depth, child.begin});
      Node& parent = open.back();
      const uint8_t follower = leads_[symbols_[child.begin + parent.depth]];
      parent.branches = parent.branches || parent.follower.value_or(follower) != follower;
      parent.follower = follower;
      parent.weight += child.weight;
    }
  };
  const std::vector<uint32_t> word_of = words_of_places();
  const std::vector<uint32_t> suffixes = sorted_suffixes();
  for (size_t i = 0; i < suffixes.size(); ++i) {
    if (i > 0) close_to(common_depth(suffixes[i - 1], suffixes[i]));
    open.push_back({kDeepest + 1, suffixes[i], words_[word_of[suffixes[i]]].count});
  }
  close_to(0);
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
