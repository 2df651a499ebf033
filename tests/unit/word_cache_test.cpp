// The table of words seen before: what it holds is right, through growth and emptying.
#include "tokenizer/word_cache.h"

#include <gtest/gtest.h>

#include "core/parallel.h"
#include "tokenizer/shared_words.h"

namespace slovo {
namespace {

using Ids = std::vector<TokenId>;

Ids found(const WordCache& cache, const std::string& word) {
  const WordCache::Ids ids = cache.find(WordCache::key(word, word.size()), word);
  return ids.data ? Ids(ids.data, ids.data + ids.size) : Ids{-1};
}

/// Words of 1 to 105 bytes, with no id to nine.
std::string word_of(int n) {
  return std::string(n % 3 == 0 ? static_cast<size_t>(n) % 100 : 0, 'x') + std::to_string(n);
}
Ids ids_of(int n) { return Ids(static_cast<size_t>(n) % 10, n); }

TEST(WordCache, FindsWhatWasInsertedUntilItIsEmptied) {
  WordCache cache;
  int kept = 0;
  for (int n = 1; n < 200000; ++n) {
    const std::string word = word_of(n);
    ASSERT_EQ(found(cache, word), Ids{-1});
    const auto stored = cache.insert(WordCache::key(word, word.size()), word, ids_of(n));
    ASSERT_EQ(Ids(stored.data, stored.data + stored.size), ids_of(n));
    ASSERT_EQ(found(cache, word), ids_of(n));
    const Ids before = found(cache, word_of(n / 2));
    if (before == Ids{-1}) continue;
    ASSERT_EQ(before, ids_of(n / 2));
    ++kept;
  }
  EXPECT_GT(kept, 50000);
  EXPECT_EQ(found(cache, "1"), Ids{-1}) << "it was emptied on the way";
}

TEST(WordCache, KeysDoNotDependOnWhatFollowsTheWord) {
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  for (size_t size = 1; size <= 20; ++size) {
    const std::string alone = text.substr(0, size);
    const WordCache::Key a = WordCache::key(alone, size);
    const WordCache::Key b = WordCache::key(std::string_view(text).substr(0, size), text.size());
    EXPECT_EQ(a.low, b.low);
    EXPECT_EQ(a.high, b.high);
    EXPECT_EQ(a.hash, b.hash);
  }
  const WordCache::Key zeros = WordCache::key(std::string_view("\0\0", 2), 2);
  EXPECT_NE(zeros.high, WordCache::key(std::string_view("\0", 1), 1).high);
}

TEST(WordCache, LongWordsThatDifferInTheirLastByte) {
  WordCache cache;
  const std::string a = std::string(40, 'a') + "b";
  const std::string b = std::string(40, 'a') + "c";
  cache.insert(WordCache::key(a, a.size()), a, Ids{1, 2, 3, 4});
  EXPECT_EQ(found(cache, a), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(found(cache, b), Ids{-1});
}

TEST(SharedWords, ThreadsFindWhatEachOtherInserted) {
  constexpr int kWords = 200000;  // more than fit
  const auto ids_of = [](int n) { return Ids(static_cast<size_t>(n % 4), n); };
  const auto key_of = [](const std::string& word) { return WordCache::key(word, word.size()); };
  SharedWords words;
  std::atomic<int> wrong{0};
  const auto check = [&](int n) {
    const WordCache::Ids ids = words.find(key_of(std::to_string(n)));
    if (ids.data && Ids(ids.data, ids.data + ids.size) != ids_of(n)) ++wrong;
    return ids.data != nullptr;
  };
  parallel_for(4, 4, [&](size_t worker) {
    for (int i = 0; i < kWords; ++i) {
      const int n = worker % 2 == 0 ? i : kWords - 1 - i;
      if (!check(n)) words.insert(key_of(std::to_string(n)), ids_of(n));
    }
  });
  int found = 0;
  for (int n = 0; n < kWords; ++n) found += check(n) ? 1 : 0;
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(found, 60000);
  EXPECT_LT(found, kWords);
  EXPECT_FALSE(words.find(key_of("one more")).data) << "and the search ends";
  SharedWords empty;
  EXPECT_TRUE(empty.insert(key_of("fifteen letters"), Ids{}));
  EXPECT_FALSE(empty.insert(key_of("sixteen letters!"), ids_of(1)));
  EXPECT_FALSE(empty.insert(key_of("word"), Ids(4)));
}

}  // namespace
}  // namespace slovo
