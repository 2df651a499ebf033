#include "data/shards.h"

#include <cstdlib>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "data/shard_writer.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kFormatVersion = 1;

std::string hash_of(const MappedFile& file) { return hash_hex(file.text()); }

/// Opens what is cached, or returns null; says why a cache is not used.
std::shared_ptr<const TokenShards> open_cached(const fs::path& folder, const std::string& key,
                                               const std::vector<CorpusFile>& files) {
  if (!fs::exists(folder)) return nullptr;
  try {
    return std::make_shared<const TokenShards>(folder, key, files);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::data) throw;
    log::warn(cat(error.what(), "; the text is tokenised again"));
    return nullptr;
  }
}

/// Holds the lock of one shard set; waits while another process writes it.
std::unique_ptr<FileLock> lock_folder(const fs::path& folder) {
  constexpr std::string_view kBusy = "another process is tokenising the same text";
  for (bool told = false;; told = true) {
    try {
      return std::make_unique<FileLock>(folder / "lock", kBusy);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::config) throw;
      if (!told) log::info(cat(kBusy, ": waiting for it"));
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
}

}  // namespace

std::string shards_key(const std::vector<CorpusFile>& files, const TextForm& form,
                       const Tokenizer& tokenizer) {
  Hasher hasher;
  hasher.add_field(cat("slovo shards ", kFormatVersion));
  hasher.add_field(tokenizer.fingerprint());
  hasher.add_field(form.text_field);
  hasher.add_field(form.separator);
  for (const CorpusFile& file : files) {
    SLOVO_CHECK(!file.hash.empty(), file.path.string(), " is not hashed");
    hasher.add_field(file.format == TextFormat::jsonl ? "jsonl" : "text");
    hasher.add_field(file.compression == Compression::gzip ? "gzip" : "plain");
    hasher.add_field(file.hash);
  }
  return hasher.hex();
}

TokenShards::TokenShards(const fs::path& folder, const std::string& key,
                         std::vector<CorpusFile> files)
    : files_(std::move(files)),
      token_file_(folder / kTokensFile),
      record_file_(folder / kDocumentsFile) {
  const Json header = read_json(folder / kHeaderFile);
  const auto fail = [&](std::string_view what) {
    throw_data(folder.string(), ": cached tokens ", what);
  };
  const auto number = [&](const char* name) -> int64_t {
    const auto found = header.find(name);
    return found != header.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
  };
  if (!header.is_object() || header.value("key", Json()) != key)
    fail("are of other text or another tokenizer");
  tokens_ = number("tokens");
  documents_ = number("documents");
  const int64_t token_bytes = number("token_bytes");
  if (tokens_ < 0 || documents_ < 0 || (token_bytes != 2 && token_bytes != 4))
    fail("have a damaged header");
  wide_ = token_bytes == 4;
  if (number("end_of_text") >= 0) end_of_text_ = static_cast<TokenId>(number("end_of_text"));
  if (std::ssize(token_file_.bytes()) != tokens_ * token_bytes ||
      std::ssize(record_file_.bytes()) !=
          documents_ * static_cast<int64_t>(sizeof(DocumentRecord))) {
    fail("are cut short");
  }
  if (header.value("tokens_hash", Json()) != hash_of(token_file_) ||
      header.value("documents_hash", Json()) != hash_of(record_file_)) {
    fail("are damaged");
  }
  records_ = reinterpret_cast<const DocumentRecord*>(record_file_.bytes().data());
}

void TokenShards::copy(int64_t from, int64_t count, int64_t* out) const {
  SLOVO_CHECK(from >= 0 && count >= 0 && from + count <= tokens_, "tokens ", from, " + ", count,
              " of ", tokens_);
  const std::byte* data = token_file_.bytes().data();
  if (wide_) {
    std::copy_n(reinterpret_cast<const uint32_t*>(data) + from, count, out);
  } else {
    std::copy_n(reinterpret_cast<const uint16_t*>(data) + from, count, out);
  }
}

std::string TokenShards::describe(int64_t document) const {
  const DocumentRecord& row = records_[document];
  return slovo::describe(files_,
                         {static_cast<int64_t>(row.file), static_cast<int64_t>(row.document),
                          static_cast<int64_t>(row.line)});
}

fs::path cache_folder(const DataConfig& config) {
  const char* home = std::getenv("HOME");
  const bool in_home = config.cache_dir.empty() || config.cache_dir.starts_with("~/");
  if (in_home && (home == nullptr || *home == '\0')) {
    throw_config(
        "data.cache_dir: there is no home folder to keep tokenised text in; give a folder by "
        "--data.cache_dir DIR");
  }
  if (config.cache_dir.empty()) return fs::path(home) / ".cache" / "slovo" / "tokens";
  return (in_home ? fs::path(home) / config.cache_dir.substr(2) : fs::path(config.cache_dir)) /
         "tokens";
}

std::shared_ptr<const TokenShards> open_shards(const fs::path& cache,
                                               const std::vector<CorpusFile>& files,
                                               const TextForm& form, const Tokenizer& tokenizer,
                                               int threads) {
  const std::string key = shards_key(files, form, tokenizer);
  const fs::path place = cache / key;
  const fs::path folder = place / "shards";
  if (auto shards = open_cached(folder, key, files)) return shards;
  make_folder(place);
  const auto lock = lock_folder(place);
  if (auto shards = open_cached(folder, key, files))
    return shards;  // another process made them meanwhile
  remove_leftovers(place);
  write_shards(folder, key, {files, form, tokenizer, threads});
  return std::make_shared<const TokenShards>(folder, key, files);
}

}  // namespace slovo
