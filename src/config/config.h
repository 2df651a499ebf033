// Every setting of slovo. Each field is declared once, in its struct's `visit`: name, help, legal range,
// short flags. Reading, flags, --help, saving and configs/README.md derive from these lists.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/field.h"
#include "config/tuning_config.h"
#include "core/log.h"

namespace slovo {

enum class DType { automatic, fp32, bf16 };
template <>
struct EnumNames<DType> {
  static constexpr auto names =
      make_names<DType>({{DType::automatic, "auto"}, {DType::fp32, "fp32"}, {DType::bf16, "bf16"}});
};

enum class OpsForm { fast, reference };
template <>
struct EnumNames<OpsForm> {
  static constexpr auto names =
      make_names<OpsForm>({{OpsForm::fast, "fast"}, {OpsForm::reference, "reference"}});
};

/// What every command shares.
struct RuntimeConfig {
  std::string device = "auto";
  DType dtype = DType::automatic;
  int64_t threads = 0;
  int64_t seed = 1337;
  LogLevel log_level = LogLevel::info;
  OpsForm ops = OpsForm::fast;

  template <class V>
  void visit(V& v) {
    v.field("device", device, "where to compute: auto, cpu, cuda or cuda:N", any_number(), {"--device"});
    v.field("dtype", dtype,
            "precision; auto trains in bf16 where the processor has it, and evaluates in the model's own",
            {"--dtype"});
    v.field("threads", threads, "processor threads; 0 takes every core this process may use",
            between(0, 4096), {"--threads"});
    v.field("seed", seed, "seed of initialisation, shuffling and sampling", at_least(0), {"--seed"});
    v.field("log_level", log_level, "least level of the log lines on stderr", {"--log-level"});
    v.field("ops", ops, "how operations are computed: by slovo's own fast forms, or plainly, to find out whether those err",
            {"--ops"});
  }
};

enum class Norm { rms, layer };
template <>
struct EnumNames<Norm> {
  static constexpr auto names = make_names<Norm>({{Norm::rms, "rms"}, {Norm::layer, "layer"}});
};
enum class Position { rope, learned };
template <>
struct EnumNames<Position> {
  static constexpr auto names =
      make_names<Position>({{Position::rope, "rope"}, {Position::learned, "learned"}});
};
enum class Activation { swiglu, gelu, gelu_tanh, relu2 };
template <>
struct EnumNames<Activation> {
  static constexpr auto names = make_names<Activation>({{Activation::swiglu, "swiglu"},
                                                        {Activation::gelu, "gelu"},
                                                        {Activation::gelu_tanh, "gelu_tanh"},
                                                        {Activation::relu2, "relu2"}});
};

/// The decoder. Names as in Hugging Face configs where they have one.
struct ModelConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 256;
  int64_t num_hidden_layers = 6;
  int64_t num_attention_heads = 4;
  std::optional<int64_t> num_key_value_heads;
  std::optional<int64_t> head_dim;
  std::optional<int64_t> intermediate_size;
  int64_t max_position_embeddings = 0;
  Norm norm = Norm::rms;
  double norm_eps = 1e-5;
  Position position = Position::rope;
  double rope_theta = 10000;
  int64_t sliding_window = 0;
  Activation mlp = Activation::swiglu;
  bool qk_norm = false;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tie_word_embeddings = true;
  double initializer_range = 0.02;
  bool zero_init_outputs = false;
  double final_logit_softcapping = 0;
  bool value_embeddings = false;
  bool residual_scalars = false;

  int64_t key_value_heads() const { return num_key_value_heads.value_or(num_attention_heads); }
  int64_t head_size() const { return head_dim.value_or(hidden_size / num_attention_heads); }
  bool gated() const { return mlp == Activation::swiglu; }
  /// Four times the width; with a gate two thirds of that, rounded up to a multiple of 32.
  int64_t mlp_size() const {
    return intermediate_size.value_or(gated() ? (hidden_size * 8 / 3 + 31) / 32 * 32 : 4 * hidden_size);
  }

  template <class V>
  void visit(V& v) {
    v.field("vocab_size", vocab_size, "rows of the embedding; 0 takes the tokenizer's size", at_least(0));
    v.field("hidden_size", hidden_size, "width of the residual stream", at_least(1));
    v.field("num_hidden_layers", num_hidden_layers, "number of blocks", between(1, 1024));
    v.field("num_attention_heads", num_attention_heads, "query heads", at_least(1));
    v.field("num_key_value_heads", num_key_value_heads,
            "key and value heads, shared by groups of query heads; as many as query heads when unset", at_least(1));
    v.field("head_dim", head_dim, "size of a head; hidden_size / num_attention_heads when unset", at_least(1));
    v.field("intermediate_size", intermediate_size,
            "width inside the MLP; 4 x hidden_size when unset, 8/3 x (rounded up to 32) with a gate", at_least(1));
    v.field("max_position_embeddings", max_position_embeddings,
            "longest context; 0 takes data.seq_len", at_least(0));
    v.field("norm", norm, "normalisation: RMSNorm or LayerNorm");
    v.field("norm_eps", norm_eps, "added to the variance inside the norm", above(0));
    v.field("position", position, "rotary positions or a learned table");
    v.field("rope_theta", rope_theta, "base of the rotary frequencies", above(0));
    v.field("sliding_window", sliding_window, "tokens that attention sees, the token itself included; 0 for all before it",
            at_least(0));
    v.field("mlp", mlp, "activation of the MLP; swiglu has a gate");
    v.field("qk_norm", qk_norm, "RMSNorm over each query and key head before the rotation");
    v.field("attention_bias", attention_bias, "bias in the attention's projections");
    v.field("mlp_bias", mlp_bias, "bias in the MLP's projections");
    v.field("tie_word_embeddings", tie_word_embeddings, "the head reads the embedding matrix");
    v.field("initializer_range", initializer_range, "standard deviation of the initial weights", above(0));
    v.field("zero_init_outputs", zero_init_outputs,
            "start the projections back into the residual stream at zero");
    v.field("final_logit_softcapping", final_logit_softcapping,
            "logits become s * tanh(logits / s); 0 leaves them", at_least(0));
    v.field("value_embeddings", value_embeddings,
            "every second block, the last included, adds a gated embedding of each token to its values");
    v.field("residual_scalars", residual_scalars,
            "each block reads a learned mix of the residual stream and the token embeddings");
  }
};

enum class TokenizerKind { bpe, wordpiece, unigram, character, byte };
template <>
struct EnumNames<TokenizerKind> {
  static constexpr auto names = make_names<TokenizerKind>({{TokenizerKind::bpe, "bpe"},
                                                           {TokenizerKind::wordpiece, "wordpiece"},
                                                           {TokenizerKind::unigram, "unigram"},
                                                           {TokenizerKind::character, "char"},
                                                           {TokenizerKind::byte, "byte"}});
};
enum class PreTokenization { gpt2, gpt4 };
template <>
struct EnumNames<PreTokenization> {
  static constexpr auto names =
      make_names<PreTokenization>({{PreTokenization::gpt2, "gpt2"}, {PreTokenization::gpt4, "gpt4"}});
};

struct TokenizerConfig {
  std::string path;
  TokenizerKind kind = TokenizerKind::bpe;
  int64_t vocab_size = 4096;
  PreTokenization pattern = PreTokenization::gpt4;
  bool lowercase = false;
  std::vector<std::string> special_tokens;

  template <class V>
  void visit(V& v) {
    v.field("path", path, "an existing tokenizer: a folder or a tokenizer.json; one is trained when unset",
            any_number(), {"--tokenizer"});
    v.field("kind", kind, "byte-level BPE, WordPiece (BERT), Unigram (T5), one token a character, or a byte");
    v.field("vocab_size", vocab_size, "tokens of a bpe, wordpiece or unigram vocabulary, special tokens included",
            between(257, 4000000));
    v.field("pattern", pattern, "how bpe cuts text into words first: as GPT-2 or as GPT-4 (cl100k)");
    v.field("lowercase", lowercase, "wordpiece lower-cases the text and drops accents, as bert-base-uncased");
    v.field("special_tokens", special_tokens, "special tokens beside the kind's own (bpe: <|endoftext|>)");
  }
};

enum class InstructionFormat {
  automatic,
  messages,
  sharegpt,
  alpaca,
  self_instruct,
  prompt_completion,
  oasst,
  text
};
template <>
struct EnumNames<InstructionFormat> {
  static constexpr auto names =
      make_names<InstructionFormat>({{InstructionFormat::automatic, "auto"},
                                     {InstructionFormat::messages, "messages"},
                                     {InstructionFormat::sharegpt, "sharegpt"},
                                     {InstructionFormat::alpaca, "alpaca"},
                                     {InstructionFormat::self_instruct, "self_instruct"},
                                     {InstructionFormat::prompt_completion, "prompt_completion"},
                                     {InstructionFormat::oasst, "oasst"},
                                     {InstructionFormat::text, "text"}});
};
enum class OnError { fail, skip };
template <>
struct EnumNames<OnError> {
  static constexpr auto names = make_names<OnError>({{OnError::fail, "fail"}, {OnError::skip, "skip"}});
};

struct DataConfig {
  std::vector<std::string> paths;
  std::vector<std::string> valid;
  double valid_share = 0.05;
  std::string text_field = "text";
  std::string document_separator;
  int64_t seq_len = 256;
  bool attend_across_documents = false;
  InstructionFormat format = InstructionFormat::automatic;
  std::vector<std::string> columns;
  OnError on_error = OnError::fail;
  std::string cache_dir;

  template <class V>
  void visit(V& v) {
    v.field("paths", paths, "training text: .txt, .jsonl, each also .gz; files, folders, globs; PATH=0.3 gives a weight; sft reads .json too",
            any_number(), {"--data"});
    v.field("valid", valid, "validation text, in the same forms; a share of data.paths when unset");
    v.field("valid_share", valid_share,
            "share of the documents kept for validation; of a single document its last 10 % is kept", between(0, 0.5));
    v.field("text_field", text_field, "the field of a .jsonl line that holds its text");
    v.field("document_separator", document_separator,
            "splits a .txt file into documents; when unset each file is one");
    v.field("seq_len", seq_len, "tokens of a training row (T)", between(2, 1048576));
    v.field("attend_across_documents", attend_across_documents,
            "let tokens of a row see earlier documents of that row");
    v.field("format", format, "form of instruction data; auto looks at the first row of each file");
    v.field("columns", columns, "what instruction data calls a key, as NAME=KEY: output=answer");
    v.field("on_error", on_error, "what an unfit row of instruction data does: end the command, or be left out and counted");
    v.field("cache_dir", cache_dir, "where tokenised text is kept; ~/.cache/slovo when unset");
  }
};

enum class Schedule { cosine, linear, wsd, inverse_sqrt, constant };
template <>
struct EnumNames<Schedule> {
  static constexpr auto names = make_names<Schedule>({{Schedule::cosine, "cosine"},
                                                      {Schedule::linear, "linear"},
                                                      {Schedule::wsd, "wsd"},
                                                      {Schedule::inverse_sqrt, "inverse_sqrt"},
                                                      {Schedule::constant, "constant"}});
};
enum class DecayShape { linear, sqrt };
template <>
struct EnumNames<DecayShape> {
  static constexpr auto names =
      make_names<DecayShape>({{DecayShape::linear, "linear"}, {DecayShape::sqrt, "sqrt"}});
};
enum class OptimizerKind { adamw, muon, lion, sgd };
template <>
struct EnumNames<OptimizerKind> {
  static constexpr auto names = make_names<OptimizerKind>({{OptimizerKind::adamw, "adamw"},
                                                           {OptimizerKind::muon, "muon"},
                                                           {OptimizerKind::lion, "lion"},
                                                           {OptimizerKind::sgd, "sgd"}});
};
enum class MomentDType { fp32, bf16 };
template <>
struct EnumNames<MomentDType> {
  static constexpr auto names =
      make_names<MomentDType>({{MomentDType::fp32, "fp32"}, {MomentDType::bf16, "bf16"}});
};
enum class MuonMethod { newton_schulz, polar_express };
template <>
struct EnumNames<MuonMethod> {
  static constexpr auto names = make_names<MuonMethod>(
      {{MuonMethod::newton_schulz, "newton_schulz"}, {MuonMethod::polar_express, "polar_express"}});
};
enum class MuonScale { rms, spectral };
template <>
struct EnumNames<MuonScale> {
  static constexpr auto names =
      make_names<MuonScale>({{MuonScale::rms, "rms"}, {MuonScale::spectral, "spectral"}});
};

/// docs/optimizers.md tells what the update rules and schedules compute.
struct TrainConfig {
  int64_t steps = 1000;
  std::optional<double> epochs;
  int64_t batch_size = 16;
  std::optional<int64_t> micro_batch_size;
  std::optional<int64_t> batch_start;
  int64_t batch_ramp_steps = 0;
  OptimizerKind optimizer = OptimizerKind::adamw;
  std::optional<double> lr;
  std::optional<double> min_lr;
  std::optional<int64_t> warmup_steps;
  Schedule schedule = Schedule::cosine;
  double decay_share = 0.2;
  std::optional<int64_t> decay_steps;
  DecayShape decay_shape = DecayShape::linear;
  double embedding_lr_scale = 1;
  double head_lr_scale = 1;
  double vector_lr_scale = 1;
  std::optional<int64_t> base_width;
  double beta1 = 0.9;
  std::optional<double> beta2;
  double eps = 1e-8;
  std::optional<double> momentum;
  std::optional<double> weight_decay;
  bool cautious_decay = false;
  MuonMethod muon_method = MuonMethod::newton_schulz;
  int64_t muon_steps = 5;
  MuonScale muon_scale = MuonScale::rms;
  bool muon_variance = false;
  MomentDType moment_dtype = MomentDType::fp32;
  double ema_decay = 0;
  double grad_clip = 1.0;
  double z_loss = 0;
  double label_smoothing = 0;
  bool activation_checkpointing = false;
  bool cuda_graph = false;
  int64_t log_every = 10;
  int64_t eval_every = 250;
  int64_t checkpoint_every = 500;
  int64_t keep = 2;
  bool keep_best = false;
  int64_t patience = 0;
  int64_t sample_every = 0;
  std::vector<std::string> sample_prompts;
  int64_t sample_tokens = 100;

  int64_t micro_batch() const { return micro_batch_size.value_or(batch_size); }
  /// Rows of step `step`, counted from 0, and of all steps before it.
  int64_t rows(int64_t step) const;
  int64_t rows_before(int64_t step) const;
  /// Steps of warm-up in a run of `total` steps.
  int64_t warmup(int64_t total) const { return warmup_steps.value_or(std::min<int64_t>(100, total / 10)); }
  /// What is given, or what suits the update rule.
  double highest_lr() const;
  double final_lr() const { return min_lr.value_or(0.1 * highest_lr()); }
  double second_beta() const { return beta2.value_or(optimizer == OptimizerKind::lion ? 0.99 : 0.95); }
  double momentum_decay() const { return momentum.value_or(optimizer == OptimizerKind::muon ? 0.95 : 0.9); }
  double decay() const;

  template <class V>
  void visit(V& v) {
    v.field("steps", steps, "optimizer steps", at_least(1));
    v.field("epochs", epochs, "passes over the training text, instead of train.steps", above(0));
    v.field("batch_size", batch_size, "rows of an optimizer step", at_least(1));
    v.field("micro_batch_size", micro_batch_size,
            "rows computed at once, the rest is accumulated; train.batch_size when unset", at_least(1));
    v.field("batch_start", batch_start,
            "rows of the first step, from where they grow to train.batch_size in train.batch_ramp_steps; "
            "train.batch_size when unset", at_least(1));
    v.field("batch_ramp_steps", batch_ramp_steps, "steps in which the rows of a step grow evenly from train.batch_start",
            at_least(0));
    v.field("optimizer", optimizer,
            "update rule; muon is for the matrices inside the blocks, with adamw for embeddings, head and vectors");
    v.field("lr", lr, "highest learning rate; 1e-3 for adamw, 4e-3 for muon, 1e-4 for lion, 0.1 for sgd when unset", above(0));
    v.field("min_lr", min_lr, "learning rate at the end of cosine, linear and wsd; lr / 10 when unset", at_least(0));
    v.field("warmup_steps", warmup_steps,
            "steps in which the rate rises from 0; a tenth of the steps, at most 100, when unset", at_least(0));
    v.field("schedule", schedule, "learning rate after the warm-up; wsd stays level, then falls");
    v.field("decay_share", decay_share, "last share of the steps in which wsd falls", between(0, 1));
    v.field("decay_steps", decay_steps, "last steps in which wsd falls, instead of train.decay_share", at_least(0));
    v.field("decay_shape", decay_shape, "how wsd falls: evenly, or as 1 - sqrt of the way");
    v.field("embedding_lr_scale", embedding_lr_scale, "the embeddings' rate as a multiple of train.lr", above(0));
    v.field("head_lr_scale", head_lr_scale, "the rate of a head of its own as a multiple of train.lr", above(0));
    v.field("vector_lr_scale", vector_lr_scale, "the rate of norms and biases as a multiple of train.lr", above(0));
    v.field("base_width", base_width,
            "model.hidden_size at which train.lr was found; with another width the matrices' and the head's rates follow it",
            at_least(1));
    v.field("beta1", beta1, "decay of the first moment in adamw; share of the past in lion's direction", between(0, 0.9999999));
    v.field("beta2", beta2, "decay of adamw's second moment, 0.95 when unset; of lion's only one, 0.99 when unset",
            between(0, 0.9999999));
    v.field("eps", eps, "added to adamw's denominator", above(0));
    v.field("momentum", momentum, "decay of the momentum: 0.95 for muon, 0.9 for sgd when unset", between(0, 0.9999999));
    v.field("weight_decay", weight_decay,
            "decoupled weight decay of matrices and embeddings: 0.1, 1 for lion, 0 for sgd (which adds it to the gradient) when unset",
            at_least(0));
    v.field("cautious_decay", cautious_decay, "decay a weight only where the update makes it smaller too");
    v.field("muon_method", muon_method, "polynomials by which muon makes the momentum orthogonal");
    v.field("muon_steps", muon_steps, "how many of them", between(1, 20));
    v.field("muon_scale", muon_scale,
            "size of muon's update: that of adamw's (0.2 sqrt of the longer side), or a spectral norm of "
            "sqrt(rows / columns), at least 1");
    v.field("muon_variance", muon_variance, "divide the rows of muon's update by their running size (NorMuon)");
    v.field("moment_dtype", moment_dtype, "how the optimizer's moments are kept");
    v.field("ema_decay", ema_decay,
            "decay of a running mean of the weights, which is what is evaluated and saved; 0 keeps none", between(0, 0.9999999));
    v.field("grad_clip", grad_clip, "largest gradient norm; 0 does not clip", at_least(0));
    v.field("z_loss", z_loss, "weight of log(sum of exp(logits))^2, which keeps logits small, in the training loss",
            at_least(0));
    v.field("label_smoothing", label_smoothing, "share of each target's weight that all tokens get alike, in the training loss",
            between(0, 0.999));
    v.field("activation_checkpointing", activation_checkpointing,
            "compute each block again in the backward pass instead of keeping its activations: less memory, a third more "
            "time");
    v.field("cuda_graph", cuda_graph,
            "on a GPU, record the forward and backward pass once and replay it; for rows that are one text each "
            "(data.attend_across_documents)");
    v.field("log_every", log_every, "steps between lines of metrics.jsonl", at_least(1));
    v.field("eval_every", eval_every, "steps between validations; 0 validates at the end only", at_least(0));
    v.field("checkpoint_every", checkpoint_every, "steps between checkpoints; 0 writes the last only", at_least(0));
    v.field("keep", keep, "checkpoints kept, the newest first", at_least(1));
    v.field("keep_best", keep_best, "end with the model of the best validation, instead of the last step's");
    v.field("patience", patience, "validations without a better loss after which training ends; 0 goes on to the end",
            at_least(0));
    v.field("sample_every", sample_every, "steps between sample texts; 0 writes none", at_least(0));
    v.field("sample_prompts", sample_prompts, "beginnings of the sample texts; the start of a text when unset");
    v.field("sample_tokens", sample_tokens, "tokens of a sample text", at_least(1));
  }
};

struct DecodeConfig {
  int64_t max_tokens = 256;
  double temperature = 0.8;
  int64_t top_k = 0;
  double top_p = 1.0;
  std::vector<std::string> stop;
  int64_t num_samples = 1;
  int64_t batch_size = 16;
  bool logprobs = false;

  template <class V>
  void visit(V& v) {
    v.field("max_tokens", max_tokens, "most tokens of a completion", at_least(1), {"--max-tokens"});
    v.field("temperature", temperature, "logits are divided by it; 0 takes the likeliest token (greedy)",
            at_least(0), {"--temperature"});
    v.field("top_k", top_k, "sample among the k likeliest tokens; 0 among all", at_least(0), {"--top-k"});
    v.field("top_p", top_p, "sample among the likeliest tokens that hold this probability together",
            between(0, 1), {"--top-p"});
    v.field("stop", stop, "texts that end a completion; they are not printed", any_number(), {"--stop"});
    v.field("num_samples", num_samples, "completions of each prompt", at_least(1), {"-n", "--num-samples"});
    v.field("batch_size", batch_size, "completions computed at once", at_least(1));
    v.field("logprobs", logprobs, "with --json, also give the log-probability of each token chosen", any_number(),
            {"--logprobs"});
  }
};

enum class AddBos { automatic, yes, no };
template <>
struct EnumNames<AddBos> {
  static constexpr auto names =
      make_names<AddBos>({{AddBos::automatic, "auto"}, {AddBos::yes, "yes"}, {AddBos::no, "no"}});
};

enum class Protocol { automatic, windows, rolling, strided };
template <>
struct EnumNames<Protocol> {
  static constexpr auto names = make_names<Protocol>({{Protocol::automatic, "auto"},
                                                      {Protocol::windows, "windows"},
                                                      {Protocol::rolling, "rolling"},
                                                      {Protocol::strided, "strided"}});
};

struct EvalConfig {
  Protocol protocol = Protocol::automatic;
  std::optional<int64_t> window;
  std::optional<int64_t> stride;
  AddBos bos = AddBos::automatic;
  int64_t batch_size = 16;

  template <class V>
  void visit(V& v) {
    v.field("protocol", protocol,
            "windows: no overlap; strided: overlapping, as the Hugging Face guide; rolling: as loglikelihood_rolling of "
            "lm-evaluation-harness; auto is strided when eval.stride is below eval.window, else windows",
            {"--protocol"});
    v.field("window", window, "tokens the model sees at once; its longest context when unset", at_least(2),
            {"--window"});
    v.field("stride", stride,
            "tokens between windows, each token scored once; the window when unset (no overlap)", at_least(1),
            {"--stride"});
    v.field("bos", bos, "begin each document with BOS (EOS where there is none); auto does so when the tokenizer does", {"--bos"});
    v.field("batch_size", batch_size, "windows computed at once", at_least(1));
  }
};

struct RunConfig {
  RuntimeConfig run;
  ModelConfig model;
  TokenizerConfig tokenizer;
  DataConfig data;
  TrainConfig train;
  SftConfig sft;
  LoraConfig lora;
  DistillConfig distill;
  DecodeConfig decode;
  EvalConfig eval;
};

/// All fields of the named sections of `config`, which must outlive them, in the order of declaration.
std::vector<FieldRef> config_fields(RunConfig& config, const std::vector<std::string>& sections);
/// Names of all sections, in order.
const std::vector<std::string>& config_sections();

}  // namespace slovo
