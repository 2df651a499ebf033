#include "data/text_check.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo {
namespace {

constexpr size_t kSample = 1 << 16;
/// Bytes before the bad one that are looked at too.
constexpr int64_t kContext = 1024;

struct Signature {
  std::string_view bytes;
  std::string_view what;
};
constexpr std::array<Signature, 8> kSignatures = {
    {{"\x1f\x8b", "gzip data: its name must end in .gz"},
     {"PK\x03\x04", "a zip archive: unpack it"},
     {"PAR1", "a parquet file: convert it to .jsonl"},
     {"\x28\xb5\x2f\xfd", "zstd data: unpack it by zstd -d"},
     {"\xfd"
      "7zXZ",
      "xz data: unpack it by xz -d"},
     {"BZh", "bzip2 data: unpack it by bunzip2"},
     {"%PDF", "a PDF: take its text out by pdftotext"},
     {"\xd0\xcf\x11\xe0", "an old Office document: save it as text"}}};

/// Counts of what tells the 8-bit encodings apart.
struct ByteCensus {
  size_t letters = 0;           ///< ASCII letters
  size_t high = 0;              ///< bytes of 0x80 and above
  size_t in_utf8 = 0;           ///< high bytes that are part of well-formed characters
  size_t upper_half = 0;        ///< 0xE0..0xFF: lower-case Cyrillic in cp1251
  size_t lower_half = 0;        ///< 0xC0..0xDF: lower-case Cyrillic in KOI8-R
  size_t dos = 0;               ///< 0xA0..0xAF: most of lower-case Cyrillic in cp866
  size_t controls = 0;          ///< 0x80..0x9F: letters in no ISO 8859
  std::array<size_t, 2> nul{};  ///< at even and odd offsets
};

ByteCensus count_bytes(std::string_view sample) {
  ByteCensus census;
  for (size_t i = 0; i < sample.size(); ++i) {
    const auto byte = static_cast<unsigned char>(sample[i]);
    census.letters += (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    census.high += byte >= 0x80;
    census.upper_half += byte >= 0xE0;
    census.lower_half += byte >= 0xC0 && byte < 0xE0;
    census.dos += byte >= 0xA0 && byte < 0xB0;
    census.controls += byte >= 0x80 && byte < 0xA0;
    census.nul[i % 2] += byte == 0;
  }
  for (size_t i = 0; i < sample.size();) {
    const size_t length = utf8::char_length(sample, i);
    if (length > 1) census.in_utf8 += length;
    i += std::max<size_t>(1, length);
  }
  return census;
}

EncodingGuess guess_eight_bit(const ByteCensus& census) {
  if (census.high == 0) return {};
  if (census.in_utf8 * 10 >= census.high * 9) return {"UTF-8 with damaged bytes", ""};
  if (census.high * 2 < census.letters) {  // accents among mostly ASCII letters
    return census.controls > 0 ? EncodingGuess{"cp1252 (Western European)", "cp1252"}
                               : EncodingGuess{"latin-1 (Western European)", "latin1"};
  }
  if (census.dos * 3 > census.high) return {"cp866 (DOS Cyrillic)", "cp866"};
  if (census.lower_half > census.upper_half) return {"KOI8-R (Cyrillic)", "koi8-r"};
  return {"cp1251 (Windows Cyrillic)", "cp1251"};
}

/// What stands around the bad byte, and on which line it is.
struct Surroundings {
  std::string head;
  std::string sample;
  int64_t line = 1;
  char bad = 0;
  bool at_end = false;  ///< the file ends inside the character that the bad byte begins
};

Surroundings look_around(const CorpusFile& file, int64_t offset) {
  Surroundings out;
  ByteStream stream(file.path, file.compression);
  std::string chunk;
  int64_t at = 0;
  const int64_t from =
      std::max<int64_t>(0, offset - kContext) & ~int64_t{1};  // even: UTF-16 keeps its phase
  while (out.sample.size() < kSample && stream.read(chunk)) {
    const auto size = static_cast<int64_t>(chunk.size());
    if (at == 0) out.head = chunk.substr(0, 16);
    const auto before = chunk.begin() + std::clamp<int64_t>(offset - at, 0, size);
    out.line += std::count(chunk.begin(), before, '\n');
    if (offset >= at && offset < at + size) out.bad = chunk[static_cast<size_t>(offset - at)];
    if (from < at + size)
      out.sample += chunk.substr(static_cast<size_t>(std::max<int64_t>(0, from - at)), kSample);
    at += size;
    chunk.clear();
  }
  const auto bad_at = static_cast<size_t>(offset - from);
  out.at_end = out.sample.size() < kSample && bad_at < out.sample.size() &&
               utf8::incomplete_tail(out.sample) == out.sample.size() - bad_at;
  return out;
}

std::string hex_byte(char byte) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return cat("0x", kDigits[value >> 4], kDigits[value & 15]);
}

std::string convert_command(const CorpusFile& file, const std::string& options) {
  const std::string name = shell_quote(file.path.string());
  if (file.compression == Compression::gzip) {
    return cat("zcat ", name, " | iconv ", options, " -t utf-8 | gzip > ",
               shell_quote("utf8-" + file.path.filename().string()));
  }
  return cat("iconv ", options, " -t utf-8 ", name, " > ",
             shell_quote("utf8-" + file.path.filename().string()));
}

std::string advice(const CorpusFile& file, const Surroundings& around) {
  const EncodingGuess guess = guess_encoding(around.head, around.sample);
  if (!guess.iconv.empty()) {
    return cat("it looks like ", guess.name, ": convert it by ",
               convert_command(file, "-f " + guess.iconv));
  }
  if (around.at_end)
    return "the file ends in the middle of a character: it was cut short, fetch it again";
  if (guess.name == "UTF-8 with damaged bytes") {
    return cat("the rest looks like UTF-8: drop damaged bytes by ",
               convert_command(file, "-c -f utf-8"));
  }
  if (!guess.name.empty()) return cat("it looks like ", guess.name);
  return "it does not look like text; leave the file out, or convert it to UTF-8";
}

}  // namespace

size_t find_not_text(std::string_view text) {
  const size_t invalid = utf8::find_invalid(text);
  return std::min(invalid, text.substr(0, invalid).find('\0'));
}

EncodingGuess guess_encoding(std::string_view head, std::string_view sample) {
  if (head.starts_with("\xFF\xFE")) return {"UTF-16 (little endian)", "utf-16"};
  if (head.starts_with("\xFE\xFF")) return {"UTF-16 (big endian)", "utf-16"};
  for (const Signature& signature : kSignatures) {
    if (head.starts_with(signature.bytes)) return {std::string(signature.what), ""};
  }
  const ByteCensus census = count_bytes(sample);
  const size_t nul = census.nul[0] + census.nul[1];
  if (nul * 8 >= sample.size() && nul > 0) {
    if (census.nul[0] * 4 <= census.nul[1]) return {"UTF-16 (little endian)", "utf-16le"};
    if (census.nul[1] * 4 <= census.nul[0]) return {"UTF-16 (big endian)", "utf-16be"};
  }
  if (nul > 0) return {"binary data", ""};
  return guess_eight_bit(census);
}

void throw_not_text(const CorpusFile& file, int64_t offset) {
  const Surroundings around = look_around(file, offset);
  const std::string what = around.bad == '\0' ? "NUL, which no text holds" : "not UTF-8";
  throw_data(file.path.string(), ":", around.line, ": byte ", with_commas(offset + 1), " (",
             hex_byte(around.bad), ") is ", what, "; ", advice(file, around));
}

std::string shell_quote(std::string_view path) {
  const bool plain = !path.empty() && std::all_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 ||
           std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::strchr("/._-+,:@%=", c) != nullptr;
  });
  if (plain) return std::string(path);
  std::string out = "'";
  for (const char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace slovo
