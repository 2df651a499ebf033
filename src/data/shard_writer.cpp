#include "data/shard_writer.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <future>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/shards.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

/// Text that is held before it is encoded: enough that every core has several documents.
constexpr size_t kBatchBytesPerThread = size_t{4} << 20;
constexpr size_t kMaxBatchBytes = size_t{256} << 20;

/// A file that is appended to and hashed on the way.
class Appender {
 public:
  explicit Appender(fs::path path)
      : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wb")) {
    if (file_ == nullptr) fail();
  }
  ~Appender() {
    if (file_ != nullptr) std::fclose(file_);
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  template <class T>
  void append(const std::vector<T>& values) {
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                                 values.size() * sizeof(T));
    hasher_.add(bytes);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail();
  }
  void close() {
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail();
  }
  std::string hash() const { return hasher_.hex(); }

 private:
  [[noreturn]] void fail() const {
    throw_io(path_.string(), ": cannot write: ", std::strerror(errno), "; ",
             human_bytes(static_cast<double>(free_space(path_.parent_path()))),
             " are free there; --data.cache_dir names another folder");
  }

  fs::path path_;
  std::FILE* file_;
  Hasher hasher_;
};

uint64_t content_hash(std::string_view text) {
  const std::string hex = hash_hex(text);
  uint64_t value = 0;
  std::from_chars(hex.data(), hex.data() + 16, value, 16);
  return value;
}

struct Document {
  std::string text;
  DocumentSource where;
  DocumentRecord record;
  std::vector<TokenId> tokens;
};

class ShardWriter {
 public:
  ShardWriter(const fs::path& folder, const ShardRequest& request)
      : request_(request),
        wide_(request.tokenizer.vocab_size() > 65536),
        batch_bytes_(std::min(kMaxBatchBytes, kBatchBytesPerThread * static_cast<size_t>(std::max(
                                                                         1, request.threads)))),
        tokens_(folder / kTokensFile),
        records_(folder / kDocumentsFile) {}

  void add(std::string_view text, const DocumentSource& where) {
    batch_.push_back({std::string(text), where, {}, {}});
    held_ += text.size() + sizeof(Document);
    if (held_ >= batch_bytes_) flush();
  }

  Json finish() {
    flush();
    append_encoded();
    tokens_.close();
    records_.close();
    const auto end = request_.tokenizer.eos_id();
    return {{"tokens", token_count_},
            {"documents", document_count_},
            {"token_bytes", wide_ ? 4 : 2},
            {"end_of_text", end ? Json(*end) : Json(nullptr)},
            {"vocab_size", request_.tokenizer.vocab_size()},
            {"tokenizer", request_.tokenizer.fingerprint()},
            {"tokens_hash", tokens_.hash()},
            {"documents_hash", records_.hash()}};
  }

 private:
  /// Has what was read encoded, while the reader goes on.
  void flush() {
    append_encoded();
    if (interrupted()) throw_io("interrupted while the text was tokenised; nothing of it is kept");
    encoded_.swap(batch_);
    batch_.clear();
    held_ = 0;
    encoding_ = std::async(std::launch::async, [this] {
      parallel_for(encoded_.size(), request_.threads, [this](size_t i) { encode(encoded_[i]); });
    });
  }

  /// Waits for the batch that is being encoded and appends it.
  void append_encoded() {
    if (!encoding_.valid()) return;
    encoding_.get();
    std::vector<DocumentRecord> records;
    for (Document& document : encoded_) {
      document.record.begin = static_cast<uint64_t>(token_count_);
      records.push_back(document.record);
      append_tokens(document.tokens);
    }
    records_.append(records);
    document_count_ += std::ssize(records);
  }

  void encode(Document& document) const {
    document.record.content = content_hash(document.text);
    document.record.file = static_cast<uint64_t>(document.where.file);
    document.record.document = static_cast<uint64_t>(document.where.document);
    document.record.line = static_cast<uint64_t>(document.where.line);
    try {
      // A document as long as a batch is the only long one in it.
      const bool alone = document.text.size() >= batch_bytes_;
      document.tokens =
          request_.tokenizer.encode_ordinary(document.text, alone ? request_.threads : 1);
    } catch (const Error& error) {  // the tokenizer knows no files: say where the text stands
      throw Error(error.code(), cat(describe(request_.files, document.where), ": ", error.what()));
    }
    if (const auto end = request_.tokenizer.eos_id()) document.tokens.push_back(*end);
    document.text = {};
  }

  void append_tokens(const std::vector<TokenId>& tokens) {
    for (const TokenId id : tokens) {
      SLOVO_CHECK(id >= 0 && (wide_ || id < 65536), "token ", id, " does not fit its vocabulary");
    }
    if (wide_) {
      tokens_.append(tokens);
    } else {
      narrow_.assign(tokens.begin(), tokens.end());
      tokens_.append(narrow_);
    }
    token_count_ += std::ssize(tokens);
  }

  const ShardRequest& request_;
  bool wide_;
  size_t batch_bytes_;
  Appender tokens_;
  Appender records_;
  std::vector<Document> batch_;    ///< being read
  std::vector<Document> encoded_;  ///< being encoded
  size_t held_ = 0;
  std::vector<uint16_t> narrow_;
  int64_t token_count_ = 0;
  int64_t document_count_ = 0;
  std::future<void> encoding_;  ///< last: its end is waited for before anything it uses goes away
};

}  // namespace

void write_shards(const fs::path& folder, const std::string& key, const ShardRequest& request) {
  int64_t bytes = 0;
  for (const CorpusFile& file : request.files) bytes += file.bytes;
  PendingFolder pending(folder);
  ShardWriter writer(pending.path(), request);
  {
    Progress progress("tokenising", bytes, "bytes");
    read_documents(
        request.files, request.form,
        [&](std::string_view text, const DocumentSource& where) { writer.add(text, where); },
        &progress);
    Json header = writer.finish();
    header["key"] = key;
    write_json(pending.path() / kHeaderFile, header);
    log::info(cat("tokenised ", human_bytes(static_cast<double>(bytes)), " into ",
                  with_commas(header["tokens"].get<int64_t>()), " tokens of ",
                  counted(header["documents"].get<int64_t>(), "document"), ", kept in ",
                  folder.string()));
  }
  pending.commit();
}

}  // namespace slovo
