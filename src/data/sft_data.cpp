#include "data/sft_data.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "data/instruction_format.h"
#include "data/instruction_rows.h"

namespace slovo {
namespace {

/// A dialogue on its way to an example.
struct Item {
  Dialogue dialogue;
  size_t file = 0;
  std::string hash;  ///< of what it says
  uint64_t key = 0;  ///< random, decided by the hash
  TokenExample example;
  std::string problem;
};

class Reader {
 public:
  explicit Reader(const SftDataRequest& request)
      : request_(request), columns_(parse_columns(request.data.columns)) {}

  SftData read() {
    read_split(request_.data.paths, "train");
    const size_t valid_begin = items_.size();
    read_split(request_.data.valid, "valid");
    drop_repeats(valid_begin);
    encode();
    fit_lengths();
    collect(choose_valid());
    report();
    return std::move(out_);
  }

 private:
  void read_split(const std::vector<std::string>& specs, const std::string& split) {
    for (const std::string& text : specs) {
      const SourceSpec spec = parse_source_spec(text);
      if (spec.weight && split == "valid") {
        throw_config("data.valid ", text,
                     ": validation data has no weight; every token counts once");
      }
      std::vector<CorpusFile> files = resolve_files(spec.path, FileUse::instructions);
      hash_files(files, request_.threads);
      if (split == "train") {
        weighted_ = weighted_ || spec.weight.has_value();
        parts_.push_back({spec.path, spec.weight.value_or(1), nullptr});
      }
      for (CorpusFile& file : files) read_file(std::move(file), split);
    }
  }

  void read_file(CorpusFile file, const std::string& split) {
    InstructionFile info;
    info.file = std::move(file);
    info.split = split;
    info.format = request_.data.format;
    out_.files.push_back(info);
    part_of_file_.push_back(parts_.size() - 1);
    const TextForm form{request_.data.text_field, request_.data.document_separator};
    read_rows(
        out_.files.back().file, form,
        [&](Json row, const std::string& where) { read_row(std::move(row), where); },
        [&](const Error& error) {
          ++out_.files.back().rows;
          skip(out_.files.size() - 1, error);
        });
    if (out_.files.back().rows == 0) {
      throw_data(out_.files.back().file.path.string(),
                 ": holds no row; leave it out, or give a file with examples");
    }
  }

  void read_row(Json row, const std::string& where) {
    InstructionFile& file = out_.files.back();
    ++file.rows;
    if (file.file.format == TextFormat::text) {
      file.format = InstructionFormat::text;
    } else {
      rename_columns(row, columns_, where);
    }
    // That a file is of no known form is no matter of a row.
    if (file.format == InstructionFormat::automatic) file.format = recognise_format(row, where);
    try {
      for (Dialogue& dialogue : read_dialogues(row, file.format, where)) {
        std::string hash = dialogue.content_hash();
        const uint64_t key =
            random_bits(request_.seed, random_stream("validation"), random_stream(hash));
        items_.push_back(
            {std::move(dialogue), out_.files.size() - 1, std::move(hash), key, {}, ""});
      }
    } catch (const Error& error) {
      skip(out_.files.size() - 1, error);
    }
  }

  /// Counts an unfit row, or ends with what is wrong with it.
  void skip(size_t file, const Error& error) {
    if (request_.data.on_error == OnError::fail || error.code() != ErrorCode::data) {
      throw Error(error.code(), cat(error.what(), "; --data.on_error skip leaves such rows out"));
    }
    ++out_.files[file].skipped;
    out_.problems.emplace_back(error.what());
  }

  /// Of equal examples the first stays, of one that is held out too the held-out one.
  void drop_repeats(size_t valid_begin) {
    std::set<std::string> seen;
    std::vector<bool> kept(items_.size());
    const auto look = [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        kept[i] = seen.insert(items_[i].hash).second;
        if (!kept[i]) ++out_.files[items_[i].file].duplicates;
      }
    };
    look(valid_begin, items_.size());
    look(0, valid_begin);
    keep(kept);
  }

  void keep(const std::vector<bool>& kept) {
    std::vector<Item> left;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (kept[i]) left.push_back(std::move(items_[i]));
    }
    items_ = std::move(left);
  }

  void encode() {
    const bool chats = std::any_of(items_.begin(), items_.end(),
                                   [](const Item& item) { return item.dialogue.is_chat(); });
    const auto encoder = request_.make_encoder(chats);
    Progress progress("encoding", std::ssize(items_), "examples");
    parallel_for(items_.size(), request_.threads, [&](size_t i) {
      try {
        items_[i].example = encoder->encode(items_[i].dialogue);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::data) throw;
        items_[i].problem = error.what();
      }
      progress.advance(1);
    });
    std::vector<bool> kept(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      kept[i] = items_[i].problem.empty();
      if (!kept[i]) skip(items_[i].file, Error(ErrorCode::data, items_[i].problem));
    }
    keep(kept);
  }

  /// Does what sft.too_long asks for.
  void fit_lengths() {
    const int64_t longest = request_.data.seq_len;
    std::vector<Item> left;
    for (Item& item : items_) {
      if (item.example.pairs() <= longest) {
        left.push_back(std::move(item));
        continue;
      }
      ++out_.files[item.file].too_long;
      if (request_.sft.too_long == TooLong::drop) continue;
      const size_t pieces =
          request_.sft.too_long == TooLong::truncate
              ? 1
              : static_cast<size_t>((item.example.pairs() + longest - 1) / longest);
      for (size_t piece = 0; piece < pieces; ++piece) {
        Item part = item;
        part.example = piece_of(item.example, piece * static_cast<size_t>(longest));
        if (part.example.supervised() > 0) left.push_back(std::move(part));
      }
    }
    items_ = std::move(left);
  }

  /// The predictions from token `begin` on that fit a row.
  TokenExample piece_of(const TokenExample& whole, size_t begin) const {
    const size_t end =
        std::min(whole.ids.size(), begin + static_cast<size_t>(request_.data.seq_len) + 1);
    const auto from = static_cast<ptrdiff_t>(begin);
    const auto to = static_cast<ptrdiff_t>(end);
    TokenExample out{{whole.ids.begin() + from, whole.ids.begin() + to},
                     {whole.weights.begin() + from, whole.weights.begin() + to},
                     begin == 0 ? whole.source : cat(whole.source, ", token ", begin)};
    out.weights.front() = 0;
    return out;
  }

  bool is_valid_file(size_t file) const { return out_.files[file].split == "valid"; }

  std::vector<bool> choose_valid() const {
    std::vector<bool> chosen(items_.size());
    std::set<uint64_t> keys;
    for (size_t i = 0; i < items_.size(); ++i) {
      chosen[i] = is_valid_file(items_[i].file);
      keys.insert(items_[i].key);
    }
    if (!request_.data.valid.empty() || request_.data.valid_share == 0 || keys.size() < 2) {
      return chosen;
    }
    const auto wanted = std::max<int64_t>(
        1, std::llround(request_.data.valid_share * static_cast<double>(keys.size())));
    const uint64_t last = *std::next(keys.begin(), wanted - 1);
    for (size_t i = 0; i < items_.size(); ++i) chosen[i] = items_[i].key <= last;
    return chosen;
  }

  void collect(const std::vector<bool>& held_out) {
    for (size_t i = 0; i < items_.size(); ++i) {
      Item& item = items_[i];
      InstructionFile& file = out_.files[item.file];
      ++file.examples;
      if (item.dialogue.is_chat()) count_turn_end(item.example);
      file.tokens += std::ssize(item.example.ids);
      file.supervised += item.example.supervised();
      if (held_out[i]) {
        add_prompt(item);
        out_.valid.push_back(std::move(item.example));
      } else {
        part(part_of_file_[item.file]).examples->push_back(std::move(item.example));
      }
    }
    std::erase_if(out_.train, [](const SftData::Part& part) { return part.examples->empty(); });
    if (out_.train.empty()) {
      throw_data(request_.data.paths.front(),
                 ": no example is left to learn from: ", describe(out_.files.front()),
                 ". Longer ones need a higher data.seq_len (it is ", request_.data.seq_len,
                 "), or --sft.too_long truncate or split");
    }
  }

  void count_turn_end(const TokenExample& example) {
    for (size_t i = example.ids.size(); i-- > 0;) {
      if (example.weights[i] == 0) continue;
      ++out_.last_learned[example.ids[i]];
      return;
    }
  }

  /// The part that a file's examples belong to.
  SftData::Part& part(size_t number) {
    if (out_.train.empty()) {
      for (SftData::Part each : parts_) {
        if (!weighted_ && !out_.train.empty()) {
          out_.train.front().name += ", " + each.name;
          continue;
        }
        each.examples = std::make_shared<TokenExamples>();
        out_.train.push_back(std::move(each));
      }
    }
    return out_.train[weighted_ ? number : 0];
  }

  /// Keeps some questions with their answers: one of each kind that the file knows, or a few.
  void add_prompt(const Item& item) {
    constexpr int64_t kWithoutKind = 4;
    if (!item.dialogue.is_chat()) return;
    const std::string file = out_.files[item.file].file.path.string();
    const Json& messages = item.dialogue.messages;
    int64_t there = 0;
    for (const ExamplePrompt& each : out_.prompts) {
      if (each.file != file || each.kind != item.dialogue.kind) continue;
      if (each.answer == messages.back()["content"]) return;
      ++there;
    }
    if (there >= (item.dialogue.kind.empty() ? kWithoutKind : 1) || messages.size() < 2 ||
        messages.back()["role"] != "assistant") {
      return;
    }
    ExamplePrompt prompt{messages, item.dialogue.tools, messages.back()["content"],
                         item.dialogue.kind, file};
    prompt.messages.erase(prompt.messages.size() - 1);
    out_.prompts.push_back(std::move(prompt));
  }

  void report() const {
    constexpr size_t kShown = 10;
    for (size_t i = 0; i < std::min(kShown, out_.problems.size()); ++i) {
      log::warn(cat("left out: ", out_.problems[i]));
    }
    if (out_.problems.size() > kShown) {
      log::warn(cat("and ", out_.problems.size() - kShown, " more rows were left out"));
    }
    for (const InstructionFile& file : out_.files) log::info(describe(file));
    log::info(cat(counted(out_.examples(), "example"), ", ", with_commas(out_.tokens()),
                  " tokens, of which ", with_commas(out_.supervised()), " are learned; ",
                  with_commas(std::ssize(out_.valid)), " held out"));
  }

  const SftDataRequest& request_;
  ColumnNames columns_;
  SftData out_;
  std::vector<Item> items_;
  std::vector<SftData::Part> parts_;
  std::vector<size_t> part_of_file_;
  bool weighted_ = false;
};

int64_t sum_of(const std::vector<InstructionFile>& files, int64_t InstructionFile::*count) {
  int64_t total = 0;
  for (const InstructionFile& file : files) total += file.*count;
  return total;
}

}  // namespace

std::string describe(const InstructionFile& file) {
  std::string out = cat(file.file.path.string(), ": ", to_name(file.format), ", ",
                        counted(file.rows, "row"), ", ", counted(file.examples, "example"));
  const auto add = [&](int64_t count, const std::string& what) {
    if (count > 0) out += cat(", ", with_commas(count), " ", what);
  };
  add(file.skipped, "left out as unfit");
  add(file.duplicates, "left out as repeats");
  add(file.too_long, "longer than data.seq_len");
  const double share = static_cast<double>(file.supervised) / static_cast<double>(file.tokens);
  if (file.tokens > 0) out += cat("; ", fixed(100 * share, 1), " % of its tokens are learned");
  return out;
}

int64_t SftData::examples() const { return sum_of(files, &InstructionFile::examples); }
int64_t SftData::tokens() const { return sum_of(files, &InstructionFile::tokens); }
int64_t SftData::supervised() const { return sum_of(files, &InstructionFile::supervised); }

Json SftData::fingerprints() const {
  Json out = Json::array();
  for (const InstructionFile& each : files) out.push_back(fingerprint(each.file, each.split));
  return out;
}

SftData open_sft_data(const SftDataRequest& request) {
  if (request.data.paths.empty()) {
    throw_config("data.paths is empty; give instruction data by --data FILE");
  }
  return Reader(request).read();
}

ExampleValidation::ExampleValidation(TokenExamples examples, int64_t batch_size, int64_t seq_len)
    : batch_size_(batch_size), seq_len_(seq_len) {
  rows_ = std::make_unique<ExampleRows>(
      std::make_shared<const TokenExamples>(std::move(examples)),
      ExampleRowsOptions{.name = "validation", .seq_len = seq_len, .packing = true});
}

Batch ExampleValidation::batch(int64_t index) const {
  const int64_t first = index * batch_size_;
  const int64_t end = std::min(first + batch_size_, rows_->rows());
  RowWriter writer(end - first, seq_len_);
  for (int64_t row = first; row < end; ++row) {
    rows_->write_row(0, row, writer);
    writer.end_row();
  }
  return writer.finish().without_padding();
}

}  // namespace slovo
