#include "data/instruction_rows.h"

#include "core/error.h"
#include "data/text_check.h"

namespace slovo {
namespace {

std::string read_whole(const CorpusFile& file) {
  ByteStream stream(file.path, file.compression);
  std::string text;
  while (stream.read(text)) {
  }
  const size_t bad = find_not_text(text);
  if (bad != std::string::npos) throw_not_text(file, static_cast<int64_t>(bad));
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return text;
}

void read_list(const CorpusFile& file, const RowVisitor& visit) {
  const std::string name = file.path.string();
  Json list = parse_json(read_whole(file), name);
  if (!list.is_array()) {
    throw_data(name, ": is ", list.is_object() ? "one object" : "a bare value",
               "; a .json file of instructions must be a list of rows, [{...}, {...}]");
  }
  int64_t number = 0;
  for (Json& row : list) visit(std::move(row), cat(name, ", row ", ++number));
}

void read_lines(const CorpusFile& file, const RowVisitor& visit, const RowProblem& problem) {
  const std::string text = read_whole(file);
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::string where = cat(file.path.string(), ":", ++number);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Json row;
    try {
      row = parse_json(line, where);
    } catch (const Error& error) {
      problem(error);
      continue;
    }
    visit(std::move(row), where);
  }
}

}  // namespace

void read_rows(const CorpusFile& file, const TextForm& form, const RowVisitor& visit,
               const RowProblem& problem) {
  if (file.format == TextFormat::json) return read_list(file, visit);
  if (file.format == TextFormat::jsonl) return read_lines(file, visit, problem);
  const std::vector<CorpusFile> files = {file};
  read_documents(files, form, [&](std::string_view text, const DocumentSource& source) {
    visit({{"text", text}}, describe(files, source));
  });
}

}  // namespace slovo
