#include "data/corpus.h"

#include <set>

#include "core/error.h"
#include "core/log.h"
#include "core/utf8.h"
#include "data/text_check.h"
#include "tokenizer/scanner.h"

namespace slovo {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

/// Documents as they are, or long ones in parts that end where words do.
enum class Division { documents, parts };

/// Cuts a stream at a delimiter, holding no more than one part and a chunk.
class PartReader {
 public:
  PartReader(ByteStream& stream, std::string delimiter, Division division)
      : stream_(stream),
        delimiter_(std::move(delimiter)),
        divides_(division == Division::parts && delimiter_.empty()) {}

  /// The next part, without its delimiter, valid until the next call; false at the end.
  bool next(std::string_view& part) {
    if (!started_) start();
    for (;;) {
      const size_t found =
          delimiter_.empty() ? std::string::npos : buffer_.find(delimiter_, scanned_);
      if (found != std::string::npos) {
        part = take(found, delimiter_.size());
        delimited_ = true;
        return true;
      }
      if (divides_ && divide(part)) return true;
      if (!more()) break;
    }
    if (begin_ == buffer_.size()) return false;
    part = take(buffer_.size(), 0);
    goes_on_ = false;
    return true;
  }

  /// Where the last part began in the stream.
  int64_t offset() const { return part_offset_; }
  bool delimited() const { return delimited_; }
  /// The last part ended inside a document.
  bool goes_on() const { return goes_on_; }

 private:
  bool divide(std::string_view& part) {
    const std::string_view held = std::string_view(buffer_).substr(begin_);
    if (held.size() <= kPartBytes) return false;
    // The last character may be incomplete yet.
    const std::string_view whole = held.substr(0, held.size() - utf8::incomplete_tail(held));
    if (whole.size() <= kPartBytes || !utf8::is_valid(whole)) return false;
    const size_t end = find_part_end(whole, kPartBytes);
    if (end == whole.size()) return false;
    part = take(begin_ + end, 0);
    goes_on_ = true;
    return true;
  }

  void start() {
    started_ = true;
    while (buffer_.size() < kByteOrderMark.size() && stream_.read(buffer_)) {
    }
    if (buffer_.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
    scanned_ = begin_;
  }

  std::string_view take(size_t end, size_t skip) {
    const std::string_view part = std::string_view(buffer_).substr(begin_, end - begin_);
    part_offset_ = dropped_ + static_cast<int64_t>(begin_);
    begin_ = end + skip;
    scanned_ = begin_;
    return part;
  }

  /// Reads on; what was taken before is dropped.
  bool more() {
    buffer_.erase(0, begin_);
    dropped_ += static_cast<int64_t>(begin_);
    begin_ = 0;
    // The delimiter may lie across the border of two chunks.
    scanned_ =
        buffer_.size() - std::min(buffer_.size(), delimiter_.size() - (delimiter_.empty() ? 0 : 1));
    return stream_.read(buffer_);
  }

  ByteStream& stream_;
  static constexpr size_t kPartBytes = size_t{512} << 10;

  std::string delimiter_;
  bool divides_;
  bool goes_on_ = false;
  std::string buffer_;
  size_t begin_ = 0;
  size_t scanned_ = 0;
  int64_t dropped_ = 0;
  int64_t part_offset_ = 0;
  bool started_ = false;
  bool delimited_ = false;
};

void check_text(const CorpusFile& file, std::string_view part, int64_t offset) {
  const size_t bad = find_not_text(part);
  if (bad != std::string_view::npos) throw_not_text(file, offset + static_cast<int64_t>(bad));
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

/// The text of one .jsonl line.
std::string text_of_line(std::string_view line, const std::string& where,
                         const std::string& field) {
  const Json json = parse_json(line, where);
  if (!json.is_object()) {
    throw_data(where, ": is ", json.is_array() ? "an array" : "a bare value",
               "; each line of a .jsonl file must be one object with the field \"", field, "\"");
  }
  const auto found = json.find(field);
  if (found == json.end()) {
    const std::vector<std::string> keys = keys_of(json);
    throw_data(where, ": has no field \"", field, "\"", did_you_mean(field, keys), "; it has ",
               keys.empty() ? "none" : join(keys),
               ": name the field of the text by --data.text_field");
  }
  if (!found->is_string()) {
    throw_data(where, ": field \"", field, "\" is ",
               found->is_null() ? "null" : cat("of type ", found->type_name()),
               "; it must be a string");
  }
  return found->get<std::string>();
}

class FileReader {
 public:
  FileReader(const CorpusFile& file, int64_t index, const TextForm& form, Division division)
      : file_(file),
        form_(form),
        stream_(file.path, file.compression),
        parts_(stream_, file.format == TextFormat::jsonl ? "\n" : form.separator, division) {
    where_.file = index;
  }

  /// Returns the number of documents.
  int64_t run(const DocumentVisitor& visit, Progress* progress) {
    int64_t consumed = 0;
    std::string_view part;
    while (parts_.next(part)) {
      check_text(file_, part, parts_.offset());
      if (file_.format == TextFormat::jsonl) {
        line(part, visit);
      } else {
        text_part(part, visit);
      }
      if (progress != nullptr) progress->advance(stream_.consumed() - consumed);
      consumed = stream_.consumed();
    }
    check_whole();
    return where_.document;
  }

 private:
  void document(std::string_view text, const DocumentVisitor& visit) {
    if (blank(text)) return;
    visit(text, where_);
    ++where_.document;
  }

  /// A document, or a part of one; the parts but the last end in a word, so that they are not
  /// blank.
  void text_part(std::string_view text, const DocumentVisitor& visit) {
    const bool first = !inside_;
    inside_ = parts_.goes_on();
    if (first && !inside_) {
      document(text, visit);
      return;
    }
    visit(text, where_);
    if (!inside_) ++where_.document;
  }

  void line(std::string_view text, const DocumentVisitor& visit) {
    ++where_.line;
    if (blank(text)) return;
    document(text_of_line(text, cat(file_.path.string(), ":", where_.line), form_.text_field),
             visit);
  }

  void check_whole() const {
    if (!file_.hash.empty() && stream_.hash() != file_.hash) {
      throw_data(file_.path.string(),
                 ": changed while it was read; start again when it is complete");
    }
    if (file_.format == TextFormat::text && !form_.separator.empty() && !parts_.delimited()) {
      log::warn(cat(file_.path.string(), ": data.document_separator ", Json(form_.separator).dump(),
                    " does not occur: the whole file is one document"));
    }
  }

  const CorpusFile& file_;
  const TextForm& form_;
  ByteStream stream_;
  PartReader parts_;
  DocumentSource where_;
  bool inside_ = false;  // the last part ended inside a document
};

void read_all(const std::vector<CorpusFile>& files, const TextForm& form, Division division,
              const DocumentVisitor& visit, Progress* progress) {
  int64_t total = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const int64_t documents =
        FileReader(files[i], static_cast<int64_t>(i), form, division).run(visit, progress);
    total += documents;
    if (documents > 0) continue;
    const std::string problem = cat(files[i].path.string(), ": holds no text");
    if (files[i].named) throw_data(problem, "; leave it out, or give a file with text");
    log::warn(cat(problem, "; passed over"));
  }
  if (total == 0 && !files.empty()) {
    throw_data(files.front().path.string(),
               files.size() > 1 ? cat(" and ", files.size() - 1, " more") : "",
               ": hold no text; give files with text");
  }
}

/// Takes out the files for which `unwanted` holds, each with a warning that ends in `why`.
void drop_files(std::vector<CorpusSource>& sources, std::string_view why,
                const std::function<bool(const CorpusFile&)>& unwanted) {
  for (CorpusSource& source : sources) {
    std::erase_if(source.files, [&](const CorpusFile& file) {
      if (!unwanted(file)) return false;
      log::warn(cat(file.path.string(), ": ", why));
      return true;
    });
    if (source.files.empty()) throw_data(source.spec, ": no file is left of it: ", why);
  }
}

std::vector<CorpusSource> resolve_sources(const std::vector<std::string>& specs, int threads) {
  std::vector<CorpusSource> sources;
  for (const std::string& text : specs) {
    const SourceSpec spec = parse_source_spec(text);
    sources.push_back({spec.path, spec.weight, resolve_files(spec.path)});
  }
  std::set<std::filesystem::path> seen;
  drop_files(sources, "is given twice; it is taken once", [&](const CorpusFile& file) {
    return !seen.insert(std::filesystem::canonical(file.path)).second;
  });
  for (CorpusSource& source : sources) hash_files(source.files, threads);
  return sources;
}

}  // namespace

std::string describe(const std::vector<CorpusFile>& files, const DocumentSource& source) {
  const std::string path = files[static_cast<size_t>(source.file)].path.string();
  return source.line > 0 ? cat(path, ":", source.line)
                         : cat(path, ", document ", source.document + 1);
}

void read_documents(const std::vector<CorpusFile>& files, const TextForm& form,
                    const DocumentVisitor& visit, Progress* progress) {
  read_all(files, form, Division::documents, visit, progress);
}

TextSource Corpus::texts() const {
  return [this](const std::function<void(std::string_view)>& visit) {
    for (const CorpusSource& source : train) {
      read_documents(source.files, form,
                     [&](std::string_view text, const DocumentSource&) { visit(text); });
    }
  };
}

TextSource Corpus::training_texts() const {
  return [this](const std::function<void(std::string_view)>& visit) {
    for (const CorpusSource& source : train) {
      read_all(
          source.files, form, Division::parts,
          [&](std::string_view text, const DocumentSource&) { visit(text); }, nullptr);
    }
  };
}

Json Corpus::fingerprints() const {
  Json out = Json::array();
  const auto add = [&](const std::vector<CorpusSource>& sources, std::string_view split) {
    for (const CorpusSource& source : sources) {
      for (const CorpusFile& file : source.files) out.push_back(fingerprint(file, split));
    }
  };
  add(train, "train");
  add(valid, "valid");
  return out;
}

Corpus open_corpus(const DataConfig& config, int threads) {
  if (config.paths.empty())
    throw_config("data.paths is empty; give text by --data FILE (also folders and globs)");
  Corpus corpus;
  corpus.form = {config.text_field, config.document_separator};
  corpus.train = resolve_sources(config.paths, threads);
  corpus.valid = resolve_sources(config.valid, threads);
  for (size_t i = 0; i < corpus.valid.size(); ++i) {
    if (corpus.valid[i].weight) {
      throw_config("data.valid ", config.valid[i],
                   ": validation text has no weight; every token of it counts once");
    }
  }
  std::set<std::string> held_out;
  for (const CorpusSource& source : corpus.valid) {
    for (const CorpusFile& file : source.files) held_out.insert(file.hash);
  }
  drop_files(corpus.train, "is validation text too; it is not trained on",
             [&](const CorpusFile& file) { return held_out.count(file.hash) > 0; });
  return corpus;
}

}  // namespace slovo
