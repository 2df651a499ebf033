#include "data/pretrain_data.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/log.h"

namespace slovo {
namespace {

using Shards = std::shared_ptr<const TokenShards>;

void add_piece(TokenStream& stream, const Shards& shards, StreamPiece piece) {
  if (stream.shards.empty() || stream.shards.back() != shards) stream.shards.push_back(shards);
  piece.shards = static_cast<int32_t>(stream.shards.size() - 1);
  stream.pieces.push_back(piece);
}

void add_document(TokenStream& stream, const Shards& shards, int64_t document) {
  add_piece(stream, shards,
            {shards->begin(document), shards->end(document), document, 0,
             shards->end_of_text().has_value()});
}

/// The last tenth of a lone document becomes validation text; the text goes on from one part to the
/// other, so neither begins or ends with end-of-text.
void split_document(const Shards& shards, TokenStream& train, TokenStream& valid) {
  const int64_t length = shards->end(0) - (shards->end_of_text() ? 1 : 0);
  const auto cut = static_cast<int64_t>(0.9 * static_cast<double>(length));
  if (cut < 2 || length - cut < 2) {
    throw_data(shards->describe(0), ": ", length,
               " tokens are too few to hold a tenth out; give more text, or --data.valid FILE");
  }
  add_piece(train, shards, {0, cut, 0, 0, false});
  add_piece(valid, shards, {cut, length, 0, 0, false});
}

/// Which documents are held out: those with the smallest random key, which the text decides.
std::vector<bool> choose_documents(const TokenShards& shards, double share, uint64_t seed,
                                   const std::string& spec) {
  const auto count = static_cast<size_t>(shards.documents());
  std::vector<uint64_t> keys(count);
  for (size_t i = 0; i < count; ++i) {
    keys[i] = random_bits(seed, random_stream("validation"),
                          shards.record(static_cast<int64_t>(i)).content);
  }
  const auto wanted = std::max<int64_t>(1, std::llround(share * static_cast<double>(count)));
  std::vector<uint64_t> sorted = keys;
  const auto last = sorted.begin() + wanted - 1;
  std::nth_element(sorted.begin(), last, sorted.end());
  std::vector<bool> chosen(count);
  for (size_t i = 0; i < count; ++i) chosen[i] = keys[i] <= *last;
  if (std::count(chosen.begin(), chosen.end(), false) == 0) {
    throw_data(spec, ": all ", count,
               " documents are equal, so none can be held out; give --data.valid FILE, or "
               "--data.valid_share 0 to train without validation");
  }
  return chosen;
}

void split_documents(const Shards& shards, const CorpusSource& source, double share, uint64_t seed,
                     TokenStream& train, TokenStream& valid) {
  const std::vector<bool> chosen = choose_documents(*shards, share, seed, source.spec);
  for (int64_t i = 0; i < shards->documents(); ++i) {
    add_document(chosen[static_cast<size_t>(i)] ? valid : train, shards, i);
  }
}

}  // namespace

PretrainData open_pretrain_data(const Corpus& corpus, const DataConfig& config,
                                const Tokenizer& tokenizer, uint64_t seed, int threads) {
  const std::filesystem::path cache = cache_folder(config);
  const bool weighted =
      std::any_of(corpus.train.begin(), corpus.train.end(),
                  [](const CorpusSource& source) { return source.weight.has_value(); });
  PretrainData data;
  data.valid.name = "validation text";
  for (const CorpusSource& source : corpus.train) {
    const Shards shards = open_shards(cache, source.files, corpus.form, tokenizer, threads);
    if (data.train.empty() || weighted) data.train.emplace_back();
    TokenStream& train = data.train.back();
    train.name = train.name.empty() ? source.spec : cat(train.name, ", ", source.spec);
    train.weight = source.weight.value_or(1);
    if (!corpus.valid.empty() || config.valid_share == 0) {
      for (int64_t i = 0; i < shards->documents(); ++i) add_document(train, shards, i);
    } else if (shards->documents() == 1) {
      split_document(shards, train, data.valid);
    } else {
      split_documents(shards, source, config.valid_share, seed, train, data.valid);
    }
  }
  for (const CorpusSource& source : corpus.valid) {
    const Shards shards = open_shards(cache, source.files, corpus.form, tokenizer, threads);
    for (int64_t i = 0; i < shards->documents(); ++i) add_document(data.valid, shards, i);
  }
  int64_t train_tokens = 0;
  for (const TokenStream& stream : data.train) train_tokens += stream.pairs();
  log::info(cat("training text: ", with_commas(train_tokens),
                " tokens; validation text: ", with_commas(data.valid.pairs()), " tokens of ",
                counted(std::ssize(data.valid.pieces), "document")));
  return data;
}

}  // namespace slovo
