// Tokenising text into a shard set: reads a batch of documents, encodes them on all cores, appends
// them in order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/corpus.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

inline constexpr const char* kHeaderFile = "header.json";
inline constexpr const char* kTokensFile =
    "tokens.bin";  ///< uint16, or uint32 for a vocabulary over 65,536
inline constexpr const char* kDocumentsFile =
    "documents.bin";  ///< DocumentRecord after DocumentRecord

struct ShardRequest {
  const std::vector<CorpusFile>& files;
  const TextForm& form;
  const Tokenizer& tokenizer;
  int threads = 1;
};

/// Writes the shard set of `request` to `folder`, whole or not at all.
void write_shards(const std::filesystem::path& folder, const std::string& key,
                  const ShardRequest& request);

}  // namespace slovo
