#include "tokenizer/bpe_trainer.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <unordered_map>

#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pair_table.h"

namespace slovo {
namespace {

const std::string kWordPiecePrefix = "##";

/// A pair that may be merged next, with the words it was seen in when it was offered.
struct Candidate {
  int64_t count;
  uint64_t pair;  // left in the high half
  std::vector<uint32_t> words;

  uint32_t left() const { return static_cast<uint32_t>(pair >> 32); }
  uint32_t right() const { return static_cast<uint32_t>(pair); }
  /// The heap's order: the highest count first, of equal counts the lowest ids.
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

/// Merges pairs of symbols in words. The alphabet is made and the words are added first.
class Trainer {
 public:
  /// `prefix` begins the tokens that go on with a word; joining drops it.
  explicit Trainer(std::string prefix) : prefix_(std::move(prefix)) {}

  uint32_t token_id(const std::string& token) {
    const auto [entry, is_new] = ids_.emplace(token, static_cast<uint32_t>(tokens_.size()));
    if (is_new) tokens_.push_back(token);
    return entry->second;
  }

  void reserve(size_t words, size_t symbols) {
    words_.reserve(words);
    symbols_.reserve(symbols);
  }
  void begin_word(int64_t count) { words_.push_back({symbols_.size(), 0, count}); }
  void add_symbol(uint32_t id) {
    symbols_.push_back(id);
    ++words_.back().length;
  }

  TrainedBpe run(size_t vocab_size) {
    count_pairs();
    while (ids_.size() < vocab_size && !queue_.empty()) {
      Candidate top = pop();
      const int64_t count = pairs_.find(top.left(), top.right())->count;
      if (top.count != count) {  // its words have changed since it was offered
        top.count = count;
        push(std::move(top));
        continue;
      }
      if (count < 1) break;
      merge(top);
    }
    auto merges = unique_merges();
    return {std::move(tokens_), std::move(merges)};
  }

 private:
  struct Word {
    size_t begin;
    uint32_t length;
    int64_t count;
  };
  struct PairState {
    int64_t count = 0;
    int32_t fresh = -1;  // its place in fresh_
  };

  void count_pairs() {
    for (uint32_t w = 0; w < words_.size(); ++w) {
      const uint32_t* symbols = symbols_.data() + words_[w].begin;
      for (uint32_t i = 0; i + 1 < words_[w].length; ++i)
        change(symbols[i], symbols[i + 1], words_[w].count, w);
    }
    offer_fresh();
  }

  /// Adds to a pair's count; more of it means that word `w` now holds it.
  void change(uint32_t left, uint32_t right, int64_t amount, uint32_t w) {
    PairState& pair = pairs_(left, right);
    pair.count += amount;
    if (amount <= 0) return;
    if (pair.fresh < 0) {
      pair.fresh = static_cast<int32_t>(fresh_.size());
      fresh_.push_back({0, (uint64_t{left} << 32) | right, {}});
    }
    auto& words = fresh_[static_cast<size_t>(pair.fresh)].words;
    if (words.empty() || words.back() != w) words.push_back(w);
  }

  void offer_fresh() {
    for (Candidate& candidate : fresh_) {
      PairState& pair = pairs_(candidate.left(), candidate.right());
      pair.fresh = -1;
      candidate.count = pair.count;
      if (pair.count > 0) push(std::move(candidate));
    }
    fresh_.clear();
  }

  void merge(const Candidate& top) {
    std::string_view behind = tokens_[top.right()];
    if (behind.starts_with(prefix_)) behind.remove_prefix(prefix_.size());
    const uint32_t id = token_id(tokens_[top.left()] + std::string(behind));
    merges_.push_back(top.pair);
    for (const uint32_t w : top.words) merge_in_word(top.left(), top.right(), id, w);
    offer_fresh();
  }

  void merge_in_word(uint32_t left, uint32_t right, uint32_t id, uint32_t w) {
    Word& word = words_[w];
    uint32_t* symbols = symbols_.data() + word.begin;
    uint32_t written = 0;
    for (uint32_t i = 0; i < word.length;) {
      if (i + 1 >= word.length || symbols[i] != left || symbols[i + 1] != right) {
        symbols[written++] = symbols[i++];
        continue;
      }
      if (written > 0) {
        change(symbols[written - 1], left, -word.count, w);
        change(symbols[written - 1], id, word.count, w);
      }
      i += 2;
      if (i < word.length) {
        change(right, symbols[i], -word.count, w);
        change(id, symbols[i], word.count, w);
      }
      symbols[written++] = id;
    }
    word.length = written;
  }

  /// A pair merged twice (its token came about in two ways) counts where it was merged last.
  std::vector<std::pair<std::string, std::string>> unique_merges() const {
    PairTable<size_t> last(merges_.size());
    for (size_t i = 0; i < merges_.size(); ++i) {
      last(static_cast<uint32_t>(merges_[i] >> 32), static_cast<uint32_t>(merges_[i])) = i;
    }
    std::vector<std::pair<std::string, std::string>> out;
    for (size_t i = 0; i < merges_.size(); ++i) {
      const auto left = static_cast<uint32_t>(merges_[i] >> 32);
      const auto right = static_cast<uint32_t>(merges_[i]);
      if (*last.find(left, right) == i) out.emplace_back(tokens_[left], tokens_[right]);
    }
    return out;
  }

  void push(Candidate candidate) {
    queue_.push_back(std::move(candidate));
    std::push_heap(queue_.begin(), queue_.end());
  }
  Candidate pop() {
    std::pop_heap(queue_.begin(), queue_.end());
    Candidate top = std::move(queue_.back());
    queue_.pop_back();
    return top;
  }

  const std::string prefix_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<Word> words_;
  std::vector<uint32_t> symbols_;  // of all words, one after the other
  PairTable<PairState> pairs_;
  std::vector<Candidate> fresh_;  // pairs that the current step made more of
  std::vector<Candidate> queue_;  // a heap
  std::vector<uint64_t> merges_;
};

/// The characters of the words, by code point, and those that occur inside a word.
struct Characters {
  std::set<char32_t> all;
  std::set<char32_t> inside;
};

Characters characters_of(const CountedWords& words) {
  std::vector<uint8_t> seen(0x110000);
  constexpr uint8_t kSeen = 1;
  constexpr uint8_t kInside = 2;
  words.for_each([&](std::string_view word, int64_t) {
    for (size_t at = 0; at < word.size();) {
      const bool first = at == 0;
      seen[utf8::next(word, at)] |= first ? kSeen : (kSeen | kInside);
    }
  });
  Characters out;
  for (char32_t c = 0; c < seen.size(); ++c) {
    if ((seen[c] & kSeen) != 0) out.all.insert(out.all.end(), c);
    if ((seen[c] & kInside) != 0) out.inside.insert(out.inside.end(), c);
  }
  return out;
}

std::string as_text(char32_t c) {
  std::string out;
  utf8::append(out, c);
  return out;
}

}  // namespace

TrainedBpe train_bpe(const CountedWords& words, const std::vector<std::string>& special_tokens,
                     size_t vocab_size) {
  Trainer trainer("");
  for (const std::string& token : special_tokens) trainer.token_id(token);
  std::array<uint32_t, 256> byte_ids{};
  for (size_t i = 0; i < 256; ++i) {
    const uint8_t byte = bytes_by_symbol()[i];
    byte_ids[byte] = trainer.token_id(byte_symbol(byte));
  }
  trainer.reserve(static_cast<size_t>(words.size()), static_cast<size_t>(words.text_bytes()));
  words.for_each([&](std::string_view word, int64_t count) {
    trainer.begin_word(count);
    for (const char c : word) trainer.add_symbol(byte_ids[static_cast<uint8_t>(c)]);
  });
  return trainer.run(vocab_size);
}

TrainedBpe train_word_piece(const CountedWords& words,
                            const std::vector<std::string>& special_tokens, size_t vocab_size) {
  Trainer trainer(kWordPiecePrefix);
  for (const std::string& token : special_tokens) trainer.token_id(token);
  const Characters characters = characters_of(words);
  std::unordered_map<char32_t, uint32_t> first_ids;
  std::unordered_map<char32_t, uint32_t> inside_ids;
  for (const char32_t c : characters.all) first_ids[c] = trainer.token_id(as_text(c));
  for (const char32_t c : characters.inside)
    inside_ids[c] = trainer.token_id(kWordPiecePrefix + as_text(c));
  trainer.reserve(static_cast<size_t>(words.size()), static_cast<size_t>(words.text_bytes()));
  words.for_each([&](std::string_view word, int64_t count) {
    trainer.begin_word(count);
    for (size_t at = 0; at < word.size();) {
      const bool first = at == 0;
      const char32_t c = utf8::next(word, at);
      trainer.add_symbol(first ? first_ids[c] : inside_ids[c]);
    }
  });
  return trainer.run(vocab_size);
}

int64_t bpe_training_bytes(const CountedWords& words) {
  // A word's entry, and for each byte a symbol and its place in the lists of two pairs' words.
  constexpr int64_t kWord = 32;
  constexpr int64_t kByte = 16;
  constexpr int64_t kTables = int64_t{8} << 20;
  return kTables + kWord * words.size() + kByte * words.text_bytes();
}

}  // namespace slovo
