// Words to ids: what an encoding thread does, with the cache that makes it fast.
#include <algorithm>
#include <atomic>

#include "core/parallel.h"
#include "tokenizer/token_model.h"

namespace slovo {
namespace {

/// Of a text that is shared out: large against the cost of handing it out.
constexpr size_t kPartBytes = size_t{64} << 10;

std::vector<std::string_view> cut(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.size() > kPartBytes ? find_word_end(text, kPartBytes) : text.size();
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

/// Appends the ids of a text's parts in order, as soon as those before them are there. Thread-safe.
class Joiner {
 public:
  Joiner(size_t parts, std::vector<TokenId>& out) : ids_(parts), ready_(parts), out_(out) {}

  /// An empty buffer; of a part that is joined, where there is one: its memory is at hand.
  std::vector<TokenId> buffer() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return {};
    std::vector<TokenId> out = std::move(spare_.back());
    spare_.pop_back();
    return out;
  }
  void add(size_t part, std::vector<TokenId> ids) {
    const std::lock_guard lock(mutex_);
    ids_[part] = std::move(ids);
    ready_[part] = true;
    for (; joined_ < ids_.size() && ready_[joined_]; ++joined_) {
      std::vector<TokenId>& next = ids_[joined_];
      out_.insert(out_.end(), next.begin(), next.end());
      next.clear();
      spare_.push_back(std::move(next));
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<TokenId>> ids_;
  std::vector<bool> ready_;
  std::vector<std::vector<TokenId>> spare_;
  std::vector<TokenId>& out_;
  size_t joined_ = 0;
};

}  // namespace

SharedWords& TokenModel::shared_words(TextKind kind) const {
  const std::lock_guard lock(idle_mutex_);
  std::unique_ptr<SharedWords>& words = shared_words_[index(kind)];
  if (!words) words = std::make_unique<SharedWords>();
  return *words;
}

TokenModel::Session::Session(const TokenModel& model, TextKind kind, SharedWords* shared)
    : model_(model), kind_(kind), shared_(shared) {
  ids_.reserve(WordCache::kLongestWord);
  const std::lock_guard lock(model.idle_mutex_);
  Caches& idle = model.idle(kind);
  if (idle.empty()) {
    cache_ = std::make_unique<WordCache>();
  } else {
    cache_ = std::move(idle.back());
    idle.pop_back();
  }
}

TokenModel::Session::~Session() {
  const std::lock_guard lock(model_.idle_mutex_);
  model_.idle(kind_).push_back(std::move(cache_));
}

WordCache::Ids TokenModel::Session::ids_of(const WordCache::Key& key, std::string_view word) {
  const bool cached = word.size() <= WordCache::kLongestWord;
  if (shared_ != nullptr && key.is_short) {
    if (const WordCache::Ids known = shared_->find(key); known.data) return known;
  }
  if (cached) {
    if (const WordCache::Ids known = cache_->find(key, word); known.data) return known;
  }
  ids_.clear();
  model_.compute(word, kind_, ids_);
  if (shared_ != nullptr && shared_->insert(key, ids_)) return {ids_.data(), ids_.size()};
  return cached ? cache_->insert(key, word, ids_) : WordCache::Ids{ids_.data(), ids_.size()};
}

void TokenModel::Session::encode(std::string_view word, std::vector<TokenId>& out) {
  if (word.empty()) return;
  const WordCache::Ids ids = ids_of(WordCache::key(word, word.size()), word);
  out.insert(out.end(), ids.data, ids.data + ids.size);
}

void TokenModel::Session::encode_words(const Scanner& scanner, std::string_view text, int threads,
                                       std::vector<TokenId>& out) {
  if (threads <= 1 || text.size() <= kPartBytes) return encode_part(scanner, text, out);
  const auto parts = cut(text);
  Joiner joiner(parts.size(), out);
  SharedWords& shared = model_.shared_words(kind_);
  std::atomic<size_t> next{0};
  const size_t workers = std::min(parts.size(), static_cast<size_t>(threads));
  parallel_for(workers, threads, [&](size_t) {
    Session session(model_, kind_, &shared);  // one for all parts of a thread
    for (size_t i = next++; i < parts.size(); i = next++) {
      std::vector<TokenId> ids = joiner.buffer();
      ids.reserve(parts[i].size() / 3);
      session.encode_part(scanner, parts[i], ids);
      joiner.add(i, std::move(ids));
    }
  });
}

void TokenModel::Session::prefetch(const WordCache::Key& key) const {
  if (shared_ != nullptr && key.is_short) return shared_->prefetch(key);
  cache_->prefetch(key);
}

void TokenModel::Session::encode_part(const Scanner& scanner, std::string_view text,
                                      std::vector<TokenId>& out) {
  std::array<Waiting, kBatch> words;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    size_t count = 0;
    for (; count < kBatch && at < end; ++count) {
      const char* const stop = scanner.next(at, end);
      const std::string_view word(at, static_cast<size_t>(stop - at));
      words[count] = {word, WordCache::key(word, static_cast<size_t>(end - at))};
      prefetch(words[count].key);
      at = stop;
    }
    encode_batch({words.data(), count}, out);
  }
}

void TokenModel::Session::encode_batch(std::span<const Waiting> words, std::vector<TokenId>& out) {
  std::array<TokenId, WordCache::kInlineIds * kBatch> buffer;  // `out` grows once, not id by id
  size_t used = 0;
  const auto flush = [&] {
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(used));
    used = 0;
  };
  for (const Waiting& waiting : words) {
    const WordCache::Ids ids = ids_of(waiting.key, waiting.word);
    if (ids.size <= WordCache::kInlineIds) {  // copied whole: no loop over one to three ids
      std::copy_n(ids.data, WordCache::kInlineIds, buffer.data() + used);
      used += ids.size;
    } else {
      flush();
      out.insert(out.end(), ids.data, ids.data + ids.size);
    }
  }
  flush();
}

}  // namespace slovo
