// Training of the kinds beside bpe, what bounds its memory, and its report.
#include <algorithm>
#include <map>
#include <set>

#include "core/utf8.h"
#include "tokenizer/training_report.h"
#include "tokenizer/unigram_trainer.h"
#include "tokenizer/word_piece.h"
#include "tokenizer_helpers.h"

namespace slovo {
namespace {

using testing::error_of;
using testing::one_text;

TokenizerConfig config_of(TokenizerKind kind, int64_t vocab_size) {
  TokenizerConfig config;
  config.kind = kind;
  config.vocab_size = vocab_size;
  return config;
}

std::string training_text() {
  return testing::tokenizer_fixture("bpe_training.json")["text"].get<std::string>();
}

/// The text of a fixture's words: one line a word, as often as it occurs.
TextSource spread(const Json& words) {
  std::string text;
  for (const auto& [word, count] : words.items()) {
    for (int64_t i = 0; i < count.get<int64_t>(); ++i) text += word + " ";
    text += '\n';
  }
  return one_text(text);
}

/// Words of which nearly all are different, more of them than fit into the least memory.
std::string many_words(int count) {
  std::string text;
  uint64_t state = 1;
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < 12; ++c) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      text += static_cast<char>('a' + (state >> 33) % 26);
    }
    text += ' ';
  }
  return text;
}

CountedWords count(const std::string& text, int threads, int64_t memory_limit) {
  const nlohmann::json json = {{"type", "ByteLevel"}, {"use_regex", true}};
  const auto splitter = read_pre_tokenizer(JsonNode(json, "pre_tokenizer"));
  WordCounter counter(nullptr, *splitter, threads, memory_limit);
  counter.add(text);
  return counter.finish();
}

TEST(WordCounts, CountsAndSorts) {
  WordCounts words{{"b", 2}, {"a", 1}};
  EXPECT_FALSE(words.add("b"));
  EXPECT_TRUE(words.add("", 5));
  EXPECT_EQ(words.count("b"), 3);
  EXPECT_EQ(words.count("c"), 0);
  std::string order;
  words.for_each_sorted([&](std::string_view word, int64_t n) { order += cat(word, n, " "); });
  EXPECT_EQ(order, "5 a1 b3 ");
}

TEST(WordRuns, MergesMoreRunsThanFilesMayBeOpen) {
  WordRuns runs;
  EXPECT_TRUE(runs.empty());
  for (int i = 0; i < 100; ++i) {
    WordCounts words{{"common", i}, {cat("word ", i % 50), 1}};
    runs.add(words);
  }
  for (int pass = 0; pass < 2; ++pass) {
    std::map<std::string, int64_t> found;
    std::string last;
    runs.for_each([&](std::string_view word, int64_t n) {
      EXPECT_LT(last, word);
      last = word;
      found[last] = n;
    });
    EXPECT_EQ(found.size(), 51U);
    EXPECT_EQ(found["common"], 4950);
    EXPECT_EQ(found["word 7"], 2);
  }
}

TEST(WordCounter, WordsOnDiskAreCountedAlike) {
  const std::string text = many_words(150000) + many_words(1000);
  const CountedWords expected = count(text, 1, 0);
  EXPECT_GT(expected.memory_bytes(), WordCounter::kLeastMemory / 4);
  WordCounts all;
  expected.for_each([&](std::string_view word, int64_t n) { all.add(word, n); });
  for (const int threads : {1, 3}) {
    const CountedWords found = count(text, threads, WordCounter::kLeastMemory);
    EXPECT_EQ(found.memory_bytes(), 0) << "they are on disk";
    EXPECT_EQ(found.size(), expected.size());
    EXPECT_EQ(found.text_bytes(), expected.text_bytes());
    found.for_each([&](std::string_view word, int64_t n) { ASSERT_EQ(n, all.count(word)); });
  }
}

TEST(TokenizerTraining, ALimitChangesNothing) {
  const std::string text = many_words(150000) + training_text();
  const TokenizerConfig config = config_of(TokenizerKind::bpe, 320);
  const auto free = train_tokenizer(config, one_text(text), 1);
  constexpr int64_t kLimit = int64_t{48} << 20;
  const auto bound = train_tokenizer(config, one_text(text), 2, kLimit);
  EXPECT_EQ(free.tokenizer->fingerprint(), bound.tokenizer->fingerprint());
  EXPECT_EQ(free.report.to_json(), bound.report.to_json());
}

TEST(TokenizerTraining, ALimitThatIsTooSmallSaysWhatIsEnough) {
  const TokenizerConfig config = config_of(TokenizerKind::bpe, 320);
  EXPECT_EQ(error_of([&] { train_tokenizer(config, one_text("abc"), 1, 1000); }),
            "--max-memory 1000 B is too little; give at least 16.0 MiB");
  const auto text = one_text(many_words(300000));
  const std::string error =
      error_of([&] { train_tokenizer(config, text, 1, WordCounter::kLeastMemory); });
  EXPECT_EQ(error,
            "--max-memory 16.0 MiB is too little: to learn from the 300,001 different words of "
            "this text takes 77 MiB; give at least that, or less text");
  EXPECT_NO_THROW(train_tokenizer(config, text, 1, int64_t{77} << 20));
}

TEST(TokenizerTraining, WordPieceLearnsHuggingFacesVocabulary) {
  const Json fixture = testing::tokenizer_fixture("word_piece_training.json");
  for (const Json& expected : fixture["cases"]) {
    TokenizerConfig config =
        config_of(TokenizerKind::wordpiece, expected["vocab_size"].get<int64_t>());
    config.lowercase = expected["lowercase"].get<bool>();
    const auto trained = train_tokenizer(config, spread(fixture["words"]), 2);
    std::set<std::string> tokens;
    for (TokenId id = 0; id < trained.tokenizer->vocab_size(); ++id)
      tokens.insert(trained.tokenizer->token(id));
    EXPECT_EQ(tokens, expected["tokens"].get<std::set<std::string>>());
  }
}

TEST(TokenizerTraining, WordPieceIsBertsForm) {
  TokenizerConfig config = config_of(TokenizerKind::wordpiece, 200);
  config.lowercase = true;
  config.special_tokens = {"[E1]"};
  const auto tokenizer = train_tokenizer(config, one_text(training_text()), 1).tokenizer;
  EXPECT_EQ(tokenizer->kind(), "wordpiece");
  const std::vector<std::string> names{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[E1]"};
  for (size_t id = 0; id < names.size(); ++id) {
    EXPECT_EQ(tokenizer->token(static_cast<TokenId>(id)), names[id]);
    EXPECT_TRUE(tokenizer->is_special(static_cast<TokenId>(id)));
  }
  const auto ids = tokenizer->encode("The RIVER, [E1] \xE2\x82\xAC", SpecialTokens::add);
  EXPECT_EQ(ids.front(), 2);
  EXPECT_EQ(ids.back(), 3);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 5), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 1), 1) << "the euro sign is unknown";
  EXPECT_EQ(tokenizer->decode(ids), "the river,");
}

TEST(TokenizerTraining, WordPieceNeedsRoomForTheCharacters) {
  const TokenizerConfig config = config_of(TokenizerKind::wordpiece, 257);
  std::string text;
  for (char32_t c = 0x4E00; c < 0x4F00; ++c) utf8::append(text, c);
  EXPECT_EQ(error_of([&] { train_tokenizer(config, one_text(text), 1); }),
            "tokenizer.vocab_size is 257; must be at least 261: the text's characters, inside "
            "words apart, and the special tokens");
}

TEST(UnigramTrainer, CharactersStayAndFrequentStringsBecomePieces) {
  const UnigramTrainer trainer(WordCounts{{"▁hello", 10}, {"▁help", 10}, {"▁yellow", 5}}, 1);
  EXPECT_EQ(trainer.characters(), 8U);
  const auto pieces = trainer.run(12, 0);
  EXPECT_LE(pieces.size(), 12U);
  std::set<std::string> texts;
  for (size_t i = 0; i < pieces.size(); ++i) {
    texts.insert(pieces[i].text);
    if (i > 0) {
      EXPECT_LE(pieces[i].score, pieces[i - 1].score);
    }
  }
  for (const char* c : {"▁", "h", "e", "l", "o", "p", "y", "w"}) EXPECT_TRUE(texts.count(c)) << c;
  EXPECT_TRUE(texts.count("▁hel") || texts.count("▁hello") || texts.count("▁help"));
}

TEST(UnigramTrainer, PiecesAreOfOneScriptAndBeginAtASpace) {
  const UnigramTrainer trainer(WordCounts{{"▁abc12", 50}, {"▁abcдом", 50}, {"▁カナかな", 50}}, 1);
  for (const UnigramPiece& piece : trainer.run(40, 0)) {
    EXPECT_EQ(piece.text.find("c1"), std::string::npos) << piece.text;
    EXPECT_EQ(piece.text.find("cд"), std::string::npos) << piece.text;
    EXPECT_TRUE(piece.text.find("▁") == std::string::npos || piece.text.starts_with("▁"));
  }
}

/// The fixture's text has one line a word, as often as it occurs.
TEST(UnigramTrainer, PiecesOfSentencePiece) {
  const Json fixture = testing::tokenizer_fixture("unigram_training.json");
  const auto theirs = fixture["pieces"].get<std::map<std::string, double>>();
  WordCounts words;
  for (const auto& [word, count] : fixture["words"].items()) {
    words.add("▁" + word, count.get<int64_t>() - 1);
    words.add("▁" + word + "\uFFFF", 1);
  }
  size_t shared = 0;
  const auto ours = UnigramTrainer(std::move(words), 1).run(theirs.size(), 1);
  for (const UnigramPiece& piece : ours) {
    const auto found = theirs.find(piece.text);
    if (found == theirs.end()) continue;
    ++shared;
    EXPECT_NEAR(piece.score, found->second, 0.02) << piece.text;
  }
  EXPECT_EQ(ours.size(), theirs.size());
  EXPECT_GE(shared, ours.size() - 2);
}

TEST(UnigramTrainer, BeginsWithStringsBehindWhichDifferentThingsFollow) {
  const auto seeds = [](const WordCounts& words) {
    const UnigramCorpus corpus(words);
    std::set<std::string> out;
    for (const SymbolPiece& piece : corpus.seeds(100)) {
      if (piece.length > 1) out.insert(corpus.text(piece));
    }
    return out;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(seeds({{"▁ab", 9}}), Set{}) << "what always goes on alike is no piece";
  EXPECT_EQ(seeds({{"▁ab", 8}, {"▁ab\uFFFF", 1}}), (Set{"▁ab", "ab"}));
  EXPECT_EQ(seeds({{"▁abc", 1}, {"▁ab", 1}}), (Set{"▁ab", "ab"}));
  EXPECT_EQ(seeds({{"▁abб", 1}, {"▁abв", 1}}), Set{}) << "the first byte is the same";
}

TEST(TokenizerTraining, UnigramIsLosslessButForSpaces) {
  TokenizerConfig config = config_of(TokenizerKind::unigram, 400);
  const auto one = train_tokenizer(config, one_text(training_text()), 1).tokenizer;
  const auto three = train_tokenizer(config, one_text(training_text()), 3).tokenizer;
  EXPECT_EQ(one->fingerprint(), three->fingerprint());
  EXPECT_EQ(one->kind(), "unigram");
  EXPECT_EQ(one->vocab_size(), 400);
  const auto ids = one->encode("The miller  runs \xE2\x82\xAC", SpecialTokens::add);
  EXPECT_EQ(ids.back(), one->find("</s>"));
  EXPECT_EQ(one->decode(ids), "The miller runs \xE2\x82\xAC") << "unknown characters are bytes";
}

TEST(TrainingReport, TokensPerWordByScript) {
  const Json json = {{"model",
                      {{"type", "WordPiece"},
                       {"unk_token", "?"},
                       {"continuing_subword_prefix", "##"},
                       {"max_input_chars_per_word", 100},
                       {"vocab", {{"?", 0}, {"a", 1}, {"##b", 2}, {"д", 3}, {".", 4}}}}}};
  const nlohmann::json model = json["model"];
  const WordPiece pieces(JsonNode(model, "model"), false);
  const CountedWords words(WordCounts{{"ab", 3}, {"abb", 1}, {"д", 2}, {".", 5}});
  const TrainingReport report = measure_words(pieces, words.source(), 40);
  EXPECT_EQ(report.tokens, 3 * 2 + 3 + 2 + 5);
  EXPECT_EQ(report.bytes_per_token(), 2.5);
  EXPECT_EQ(report.lines(), (std::vector<std::string>{
                                "bytes per token  2.500", "tokens per word  2.250  Latin, 4 words",
                                "tokens per word  1.000  Cyrillic, 2 words"}));
  EXPECT_EQ(report.to_json()["scripts"]["Latin"]["words"], 4);
  EXPECT_TRUE(TrainingReport{}.lines().empty());
}

}  // namespace
}  // namespace slovo
