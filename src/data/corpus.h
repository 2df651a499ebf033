// Documents of text files, streamed in order and checked: what a tokenizer is trained on and what
// is tokenised. Knows no tokens. A jsonl file, and a text file with a separator, is read in bounded
// memory; of any other text file the whole text is one document.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/progress.h"
#include "data/corpus_files.h"
#include "tokenizer/train.h"

namespace slovo {

/// How files become documents.
struct TextForm {
  std::string text_field = "text";  ///< of a .jsonl line
  std::string separator;  ///< between documents of a text file; "": the file is one document
};

/// Where a document came from.
struct DocumentSource {
  int64_t file = 0;      ///< index among the files that are read
  int64_t document = 0;  ///< counted in the file from 0
  int64_t line = 0;      ///< of a .jsonl file, from 1; 0 otherwise
};
/// "poems.jsonl:18" or "novel.txt, document 3".
std::string describe(const std::vector<CorpusFile>& files, const DocumentSource& source);

using DocumentVisitor = std::function<void(std::string_view text, const DocumentSource& where)>;

/// Calls `visit` with every document of `files` in order; the text is valid during the call only. A
/// UTF-8 byte order mark at a file's start is dropped, everything else (line ends too) is kept as
/// it is. Documents without text, of white space only, are passed over. Throws Error(data), with
/// file and line or byte, for text that is not UTF-8, a broken or unfit .jsonl line, damaged .gz
/// data, a file that changed since it was hashed, and a file without text that was given by its own
/// name (one found in a folder: a warning; all of them: an error).
void read_documents(const std::vector<CorpusFile>& files, const TextForm& form,
                    const DocumentVisitor& visit, Progress* progress = nullptr);

/// The files of one `--data` entry.
struct CorpusSource {
  std::string spec;
  std::optional<double> weight;
  std::vector<CorpusFile> files;
};

/// All text of a run: resolved and hashed.
struct Corpus {
  std::vector<CorpusSource> train;
  std::vector<CorpusSource> valid;  ///< empty: a part of `train` is held out
  TextForm form;

  /// The training documents. The corpus must outlive it.
  TextSource texts() const;
  /// The same as a tokenizer's trainer wants them: a long text file comes in parts, each read when
  /// it is asked for.
  TextSource training_texts() const;
  /// [{"path", "split", "bytes", "hash"}, ...] for run.json.
  Json fingerprints() const;
};
/// Resolves `data.paths` and `data.valid` and hashes the files. A file that is in both (by content)
/// is taken as validation text only, one that occurs twice in either is taken once, each with a
/// warning. Throws Error(config) without paths.
Corpus open_corpus(const DataConfig& config, int threads);

}  // namespace slovo
