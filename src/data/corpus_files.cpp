#include "data/corpus_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/utf8.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

bool ends_with_any(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view e) { return name.ends_with(e); });
}

std::string lower_name(const fs::path& path) {
  std::string name = path.filename().string();
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

bool folder_takes(const fs::path& path, FileUse use) {
  const std::string name = lower_name(path);
  return ends_with_any(name, {".txt", ".txt.gz", ".raw", ".raw.gz", ".jsonl", ".jsonl.gz"}) ||
         (use == FileUse::instructions && ends_with_any(name, {".json", ".json.gz"}));
}

/// What files of a use must be, for messages.
const char* forms_of(FileUse use) {
  return use == FileUse::instructions
             ? "form of instructions slovo reads; convert it to .jsonl with one object a line, or "
               "to .json with a list of them"
             : "text form slovo reads; convert it to .txt, or to .jsonl with one "
               "{\"text\": ...} object a line";
}

CorpusFile describe_file(const fs::path& path, bool named, FileUse use) {
  std::string name = lower_name(path);
  const bool json = ends_with_any(name, {".json", ".json.gz"});
  if ((json && use == FileUse::text) ||
      ends_with_any(
          name, {".csv", ".csv.gz", ".tsv",  ".tsv.gz", ".parquet", ".arrow", ".zip",
                 ".tar", ".tar.gz", ".tgz",  ".bz2",    ".xz",      ".zst",   ".7z",
                 ".pdf", ".docx",   ".epub", ".html",   ".xml",     ".bin",   ".safetensors"})) {
    throw_data(path.string(), ": ", path.extension().string(), " is not a ", forms_of(use),
               " (each also .gz)");
  }
  CorpusFile file;
  file.path = path;
  file.named = named;
  if (name.ends_with(".gz")) {
    file.compression = Compression::gzip;
    name.resize(name.size() - 3);
  }
  if (name.ends_with(".jsonl")) file.format = TextFormat::jsonl;
  if (json) file.format = TextFormat::json;
  return file;
}

bool hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

/// The entries of a folder by name; hidden ones only on request.
std::vector<fs::path> list_folder(const fs::path& folder, bool with_hidden) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) {
    if (with_hidden || !hidden(entry.path())) entries.push_back(folder / entry.path().filename());
  }
  if (error) throw_data(folder.string(), ": cannot list the folder: ", error.message());
  std::sort(entries.begin(), entries.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return entries;
}

void search_folder(const fs::path& folder, FileUse use, std::vector<CorpusFile>& out) {
  for (const fs::path& entry : list_folder(folder, false)) {
    if (fs::is_directory(entry)) {
      if (!fs::is_symlink(entry)) search_folder(entry, use, out);
    } else if (folder_takes(entry, use) && fs::is_regular_file(entry)) {
      out.push_back(describe_file(entry, false, use));
    }
  }
}

bool is_glob(std::string_view path) { return path.find_first_of("*?") != std::string_view::npos; }

/// Walks the parts of a glob, one level of folders each.
class GlobWalk {
 public:
  GlobWalk(const fs::path& pattern, FileUse use)
      : parts_(pattern.begin(), pattern.end()), use_(use) {
    const std::string last = parts_.back().string();
    const size_t dot = last.find_last_of('.');
    names_ending_ = dot != std::string::npos && dot + 1 < last.size() && !is_glob(last.substr(dot));
  }

  std::vector<CorpusFile> run() {
    walk({}, 0);
    std::sort(found_.begin(), found_.end(), [](const CorpusFile& a, const CorpusFile& b) {
      return a.path.native() < b.path.native();
    });
    const auto same = [](const CorpusFile& a, const CorpusFile& b) { return a.path == b.path; };
    found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
    return std::move(found_);
  }

 private:
  void walk(const fs::path& folder, size_t at) {
    const std::string part = parts_[at].string();
    const bool last = at + 1 == parts_.size();
    if (!is_glob(part)) {
      if (!last) {
        walk(folder / part, at + 1);
      } else {
        take(folder / part);
      }
      return;
    }
    if (!fs::is_directory(folder.empty() ? fs::path(".") : folder)) return;
    if (part == "**" && !last) walk(folder, at + 1);
    for (const fs::path& entry : list_folder(folder, part.starts_with("."))) {
      const bool is_folder = fs::is_directory(entry);
      if (part == "**") {
        if (is_folder && !fs::is_symlink(entry)) {
          walk(entry, at);
        } else if (last) {
          take(entry);
        }
      } else if (glob_match(part, entry.filename().string())) {
        if (last) {
          take(entry);
        } else if (is_folder) {
          walk(entry, at + 1);
        }
      }
    }
  }

  void take(const fs::path& path) {
    if (fs::is_directory(path)) {
      search_folder(path, use_, found_);
    } else if (fs::is_regular_file(path) && (names_ending_ || folder_takes(path, use_))) {
      found_.push_back(describe_file(path, false, use_));
    }
  }

  std::vector<fs::path> parts_;
  FileUse use_;
  bool names_ending_ = false;
  std::vector<CorpusFile> found_;
};

[[noreturn]] void throw_missing(const fs::path& path) {
  fs::path folder = path.parent_path();
  if (!folder.empty() && !fs::is_directory(folder)) {
    throw_data(path.string(), ": no such file: there is no folder ", folder.string());
  }
  std::vector<std::string> names;
  for (const fs::path& entry : list_folder(folder, true))
    names.push_back(entry.filename().string());
  throw_data(path.string(), ": no such file or folder",
             did_you_mean(path.filename().string(), names));
}

}  // namespace

SourceSpec parse_source_spec(std::string_view spec) {
  const size_t equals = spec.rfind('=');
  if (equals == std::string_view::npos || equals == 0) return {std::string(spec), std::nullopt};
  const std::string_view number = spec.substr(equals + 1);
  double weight = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), weight);
  const bool is_number =
      !number.empty() && error == std::errc() && end == number.data() + number.size();
  const std::string path(spec.substr(0, equals));
  if (!is_number || (fs::exists(spec) && !fs::exists(path)))
    return {std::string(spec), std::nullopt};
  if (!(weight > 0) || !std::isfinite(weight)) {
    throw_config("--data ", spec,
                 ": a weight must be a number above 0; leave the path out when it is not wanted");
  }
  return {path, weight};
}

bool glob_match(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;  // the last `*`, and where its match ends so far
  size_t resume = 0;
  while (n < name.size()) {
    const size_t step = std::max<size_t>(1, utf8::char_length(name, n));
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      n += step;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      resume += std::max<size_t>(1, utf8::char_length(name, resume));
      n = resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::vector<CorpusFile> resolve_files(const std::string& path, FileUse use) {
  if (path.empty()) throw_config("data: an empty path; give a file, a folder or a glob");
  if (fs::is_directory(path)) {
    std::vector<CorpusFile> files;
    search_folder(path, use, files);
    if (files.empty()) {
      throw_data(path,
                 ": the folder holds no .txt or .jsonl (also .gz) file; name other files directly "
                 "or by a glob");
    }
    return files;
  }
  if (fs::exists(path)) {
    if (!fs::is_regular_file(path)) {
      throw_data(
          path,
          ": is neither a file nor a folder; text is read more than once: save it to a file first");
    }
    return {describe_file(path, true, use)};
  }
  if (!is_glob(path)) throw_missing(path);
  std::vector<CorpusFile> files = GlobWalk(path, use).run();
  if (files.empty()) {
    throw_data(
        path,
        ": no text file matches (a glob takes .txt, .jsonl, each also .gz, or the ending it names; "
        "** stands for any folders)");
  }
  return files;
}

Json fingerprint(const CorpusFile& file, std::string_view split) {
  return {
      {"path", file.path.string()}, {"split", split}, {"bytes", file.bytes}, {"hash", file.hash}};
}

void hash_files(std::vector<CorpusFile>& files, int threads) {
  int64_t total = 0;
  for (CorpusFile& file : files) {
    std::error_code error;
    file.bytes = static_cast<int64_t>(fs::file_size(file.path, error));
    if (error) throw_data(file.path.string(), ": cannot read: ", error.message());
    total += file.bytes;
  }
  Progress progress("looking at the text", total, "bytes");
  parallel_for(files.size(), threads, [&](size_t i) {
    files[i].hash = hash_file(files[i].path);
    progress.advance(files[i].bytes);
  });
}

}  // namespace slovo
