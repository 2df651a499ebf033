// Which files `--data` means: PATH[=weight] with files, folders and globs, their formats and
// content hashes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "data/byte_stream.h"

namespace slovo {

/// `PATH` or `PATH=weight`. Only a number at the end counts as a weight; a path that exists as it
/// stands is a path.
struct SourceSpec {
  std::string path;
  std::optional<double> weight;
};
/// Throws Error(config) for a weight that is not above 0.
SourceSpec parse_source_spec(std::string_view spec);

enum class TextFormat {
  text,
  jsonl,
  json,  ///< a list of rows: instruction data only
};
/// What the files are wanted for.
enum class FileUse { text, instructions };

struct CorpusFile {
  std::filesystem::path path;
  TextFormat format = TextFormat::text;
  Compression compression = Compression::none;
  bool named = false;  ///< given by its own name, not found in a folder or by a glob
  int64_t bytes = 0;
  std::string hash;  ///< of the bytes as stored; "" until hash_files
};

/// The files of a path, sorted by name.
///  - A file is read by its ending: .jsonl, for instructions .json, else text; .gz is unpacked.
///  Endings that are surely
///    something else (.csv, .parquet, ...) are refused.
///  - A folder is searched with its subfolders for .txt, .raw and .jsonl (for instructions .json
///  too), each also .gz. Hidden
///    entries and links to folders inside it are passed over.
///  - A glob (`*`, `?` inside a name, `**` for any folders) takes what a folder would; with an
///  ending of its own
///    (`*.md`) any file.
/// Throws Error(data) when nothing is there, naming the nearest name.
std::vector<CorpusFile> resolve_files(const std::string& path, FileUse use = FileUse::text);

/// {"path", "split", "bytes", "hash"} of a hashed file, for run.json.
Json fingerprint(const CorpusFile& file, std::string_view split);

/// Reads every file once for its `bytes` and `hash`.
void hash_files(std::vector<CorpusFile>& files, int threads);

/// True when `name` matches `pattern`: `*` any characters, `?` one character (not byte).
bool glob_match(std::string_view pattern, std::string_view name);

}  // namespace slovo
