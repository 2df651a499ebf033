// Settings of tuning a model: instructions, adapters, a teacher. Part of config.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/field.h"

namespace slovo {

enum class ChatTemplateName { automatic, chatml, llama3, qwen, gemma, mistral, zephyr, plain };
template <>
struct EnumNames<ChatTemplateName> {
  static constexpr auto names =
      make_names<ChatTemplateName>({{ChatTemplateName::automatic, "auto"},
                                    {ChatTemplateName::chatml, "chatml"},
                                    {ChatTemplateName::llama3, "llama3"},
                                    {ChatTemplateName::qwen, "qwen"},
                                    {ChatTemplateName::gemma, "gemma"},
                                    {ChatTemplateName::mistral, "mistral"},
                                    {ChatTemplateName::zephyr, "zephyr"},
                                    {ChatTemplateName::plain, "plain"}});
};
enum class Learn { all, assistant, last };
template <>
struct EnumNames<Learn> {
  static constexpr auto names =
      make_names<Learn>({{Learn::all, "all"}, {Learn::assistant, "assistant"}, {Learn::last, "last"}});
};
enum class TooLong { drop, truncate, split };
template <>
struct EnumNames<TooLong> {
  static constexpr auto names =
      make_names<TooLong>({{TooLong::drop, "drop"}, {TooLong::truncate, "truncate"}, {TooLong::split, "split"}});
};
enum class TokenLoss { cross_entropy, dft };
template <>
struct EnumNames<TokenLoss> {
  static constexpr auto names =
      make_names<TokenLoss>({{TokenLoss::cross_entropy, "cross_entropy"}, {TokenLoss::dft, "dft"}});
};
enum class NegativeLoss { unlikelihood, ascent };
template <>
struct EnumNames<NegativeLoss> {
  static constexpr auto names =
      make_names<NegativeLoss>({{NegativeLoss::unlikelihood, "unlikelihood"}, {NegativeLoss::ascent, "ascent"}});
};

/// Instruction tuning. docs/instruction_data.md tells what is learned of an example.
struct SftConfig {
  ChatTemplateName chat_template = ChatTemplateName::automatic;
  Learn learn = Learn::assistant;
  bool packing = true;
  TooLong too_long = TooLong::drop;
  TokenLoss loss = TokenLoss::cross_entropy;
  NegativeLoss negative = NegativeLoss::unlikelihood;
  double neftune_alpha = 0;
  bool freeze_embeddings = false;
  int64_t freeze_layers = 0;
  std::vector<std::string> replay;
  double replay_share = 0.1;

  template <class V>
  void visit(V& v) {
    v.field("template", chat_template, "how dialogues are written; auto takes the model's own template, chatml where it has none");
    v.field("learn", learn, "what is learned of a dialogue: all of it, what the assistant says, or its last answer only");
    v.field("packing", packing, "put several examples into a row of data.seq_len tokens; they never see each other. Without it a row is an example");
    v.field("too_long", too_long, "what happens to an example longer than data.seq_len: it is left out, cut off, or cut in pieces");
    v.field("loss", loss, "loss of a learned token; dft weighs it by its own probability (arXiv:2508.05629)");
    v.field("negative", negative,
            "how a message of negative weight is unlearned: -log(1 - p) of its tokens (arXiv:1908.04319), or their loss with its sign turned");
    v.field("neftune_alpha", neftune_alpha, "noise on the token embeddings while training (arXiv:2310.05914); 0 adds none",
            at_least(0));
    v.field("freeze_embeddings", freeze_embeddings, "leave the embeddings as they are");
    v.field("freeze_layers", freeze_layers, "first blocks that stay as they are", at_least(0));
    v.field("replay", replay, "text of the kind the model was pretrained on, mixed in so that it forgets less", any_number(),
            {"--replay"});
    v.field("replay_share", replay_share, "share of the rows that are replayed text", between(0, 0.95));
  }
};

enum class LoraBase { full, int8, nf4 };
template <>
struct EnumNames<LoraBase> {
  static constexpr auto names =
      make_names<LoraBase>({{LoraBase::full, "full"}, {LoraBase::int8, "int8"}, {LoraBase::nf4, "nf4"}});
};

/// Low-rank adapters (arXiv:2106.09685) instead of training the whole model.
struct LoraConfig {
  int64_t rank = 0;
  double alpha = 16;
  double dropout = 0;
  std::vector<std::string> targets;
  bool rslora = false;
  bool dora = false;
  LoraBase base = LoraBase::full;

  template <class V>
  void visit(V& v) {
    v.field("rank", rank, "rank of the adapters; 0 trains the whole model", at_least(0));
    v.field("alpha", alpha, "adapters are scaled by alpha / rank", above(0));
    v.field("dropout", dropout, "share of an adapter's inputs that are dropped while training", between(0, 0.999));
    v.field("targets", targets,
            "maps that get adapters, by the ends of their Hugging Face names (q_proj, layers.0.mlp.up_proj), * for any "
            "characters; all maps of the blocks when unset");
    v.field("rslora", rslora, "scale by alpha / sqrt(rank) (arXiv:2312.03732)");
    v.field("dora", dora, "learn the size of each output apart from its direction (arXiv:2402.09353)");
    v.field("base", base, "how the frozen weights are held: as they are, in int8, or in 4 bits (QLoRA, arXiv:2305.14314)");
  }
};

enum class DistillLoss { forward_kl, reverse_kl };
template <>
struct EnumNames<DistillLoss> {
  static constexpr auto names =
      make_names<DistillLoss>({{DistillLoss::forward_kl, "forward_kl"}, {DistillLoss::reverse_kl, "reverse_kl"}});
};

/// Learning from a teacher's distribution instead of the text alone (arXiv:1503.02531).
struct DistillConfig {
  std::string teacher;
  DistillLoss loss = DistillLoss::forward_kl;
  double weight = 0.5;
  double temperature = 1;
  int64_t top_k = 0;

  template <class V>
  void visit(V& v) {
    v.field("teacher", teacher, "model folder to learn from; it must have the model's tokenizer");
    v.field("loss", loss, "divergence from the teacher: KL(teacher | student), or KL(student | teacher)");
    v.field("weight", weight, "share of the teacher's term in the loss; the text has the rest", between(0, 1));
    v.field("temperature", temperature, "both logits are divided by it in the teacher's term, which is multiplied by its square",
            above(0));
    v.field("top_k", top_k, "compare on the teacher's k likeliest tokens only; 0 on all", at_least(0));
  }
};

}  // namespace slovo
