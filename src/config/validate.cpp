#include "config/validate.h"

#include <algorithm>

#include "core/text.h"

namespace slovo {
namespace {

using Conflicts = std::vector<Conflict>;

/// The divisors of `value` up to `limit`, at most six, the nearest below the limit first.
std::string divisors(int64_t value, int64_t limit) {
  std::vector<std::string> out;
  for (int64_t i = std::min(value, limit); i >= 1 && out.size() < 6; --i) {
    if (value % i == 0) out.push_back(std::to_string(i));
  }
  return join(out);
}

void check_heads(const ModelConfig& m, Conflicts& out) {
  if (!m.head_dim && m.hidden_size % m.num_attention_heads != 0) {
    out.push_back(
        {{"model.num_attention_heads", "model.hidden_size"},
         cat("model.num_attention_heads=", m.num_attention_heads,
             " does not divide model.hidden_size=", m.hidden_size, "; use ",
             divisors(m.hidden_size, 2 * m.num_attention_heads), ", or set model.head_dim")});
    return;
  }
  if (m.num_attention_heads % m.key_value_heads() != 0) {
    out.push_back({{"model.num_key_value_heads", "model.num_attention_heads"},
                   cat("model.num_key_value_heads=", m.key_value_heads(),
                       " does not divide model.num_attention_heads=", m.num_attention_heads,
                       "; use ", divisors(m.num_attention_heads, m.num_attention_heads))});
  }
  if (m.position == Position::rope && m.head_size() % 2 != 0) {
    out.push_back(
        {{"model.head_dim", "model.num_attention_heads", "model.hidden_size"},
         cat("model.position=rope rotates pairs, but the heads have size ", m.head_size(),
             "; make it even (model.hidden_size / model.num_attention_heads, or model.head_dim)")});
  }
}

void check_batch(const TrainConfig& t, Conflicts& out) {
  if (t.batch_size % t.micro_batch() != 0) {
    out.push_back({{"train.micro_batch_size", "train.batch_size"},
                   cat("train.micro_batch_size=", t.micro_batch(),
                       " does not divide train.batch_size=", t.batch_size, "; use ",
                       divisors(t.batch_size, 2 * t.micro_batch()))});
  }
}

void check_batch_ramp(const TrainConfig& t, Conflicts& out) {
  const int64_t start = t.batch_start.value_or(t.batch_size);
  if (t.batch_start.has_value() != (t.batch_ramp_steps > 0)) {
    out.push_back({{"train.batch_start", "train.batch_ramp_steps"},
                   t.batch_start ? cat("train.batch_start=", start,
                                       " needs train.batch_ramp_steps, the steps in which it grows")
                                 : cat("train.batch_ramp_steps=", t.batch_ramp_steps,
                                       " needs train.batch_start, the rows of the first step")});
  } else if (start > t.batch_size) {
    out.push_back({{"train.batch_start", "train.batch_size"},
                   cat("train.batch_start=", start, " is more than train.batch_size=", t.batch_size,
                       "; use at most that")});
  } else if (t.batch_start && start % t.micro_batch_size.value_or(1) != 0) {
    out.push_back({{"train.micro_batch_size", "train.batch_start"},
                   cat("train.micro_batch_size=", t.micro_batch(),
                       " does not divide train.batch_start=", start, "; use a multiple of it")});
  }
}

void check_decay_steps(const TrainConfig& t, Conflicts& out) {
  if (!t.decay_steps) return;
  if (t.schedule != Schedule::wsd) {
    out.push_back({{"train.decay_steps", "train.schedule"},
                   cat("train.decay_steps=", *t.decay_steps, " is for train.schedule=wsd, not for ",
                       to_name(t.schedule))});
  } else if (!t.epochs && *t.decay_steps > t.steps) {
    out.push_back({{"train.decay_steps", "train.steps"},
                   cat("train.decay_steps=", *t.decay_steps, " is more than train.steps=", t.steps,
                       "; use at most ", t.steps)});
  }
}

void check_optimizer(const TrainConfig& t, Conflicts& out) {
  const std::string name = to_name(t.optimizer);
  const auto unused = [&](const std::string& key, const std::string& value, const char* users) {
    out.push_back({{key, "train.optimizer"},
                   cat(key, "=", value, " has no meaning for train.optimizer=", name,
                       "; it is for ", users)});
  };
  const bool muon = t.optimizer == OptimizerKind::muon;
  const bool sgd = t.optimizer == OptimizerKind::sgd;
  if (t.momentum && !muon && !sgd) unused("train.momentum", cat(*t.momentum), "muon and sgd");
  if (t.beta2 && sgd) unused("train.beta2", cat(*t.beta2), "adamw, muon and lion");
  if (t.cautious_decay && sgd) unused("train.cautious_decay", "true", "adamw, muon and lion");
  if (t.base_width && sgd) unused("train.base_width", cat(*t.base_width), "adamw, muon and lion");
  if (t.muon_variance && !muon) unused("train.muon_variance", "true", "muon");
}

void check_head(const ModelConfig& m, const TrainConfig& t, Conflicts& out) {
  if (!m.tie_word_embeddings || t.head_lr_scale == 1) return;
  out.push_back({{"train.head_lr_scale", "model.tie_word_embeddings"},
                 cat("train.head_lr_scale=", t.head_lr_scale,
                     " needs a head of its own, but model.tie_word_embeddings=true; use "
                     "train.embedding_lr_scale, or model.tie_word_embeddings=false")});
}

void check_schedule(const TrainConfig& t, Conflicts& out) {
  if (!t.epochs && t.warmup_steps && *t.warmup_steps > t.steps) {
    out.push_back({{"train.warmup_steps", "train.steps"},
                   cat("train.warmup_steps=", *t.warmup_steps,
                       " is more than train.steps=", t.steps, "; use at most ", t.steps)});
  }
  if (t.min_lr && *t.min_lr > t.highest_lr()) {
    out.push_back({{"train.min_lr", "train.lr"},
                   cat("train.min_lr=", *t.min_lr, " is more than train.lr=", t.highest_lr(),
                       "; use at most ", t.highest_lr())});
  }
}

void check_context(const ModelConfig& m, const DataConfig& d, Conflicts& out) {
  if (m.max_position_embeddings != 0 && d.seq_len > m.max_position_embeddings) {
    out.push_back({{"data.seq_len", "model.max_position_embeddings"},
                   cat("data.seq_len=", d.seq_len,
                       " is more than model.max_position_embeddings=", m.max_position_embeddings,
                       "; use at most that, or 0 for model.max_position_embeddings")});
  }
}

void check_vocabulary(const ModelConfig& m, const TokenizerConfig& t, Conflicts& out) {
  const bool has_size = t.kind == TokenizerKind::bpe || t.kind == TokenizerKind::wordpiece ||
                        t.kind == TokenizerKind::unigram;
  if (t.path.empty() && has_size && m.vocab_size != 0 && m.vocab_size < t.vocab_size) {
    out.push_back(
        {{"model.vocab_size", "tokenizer.vocab_size"},
         cat("model.vocab_size=", m.vocab_size, " is less than tokenizer.vocab_size=", t.vocab_size,
             "; leave it out to take the tokenizer's size, or use at least ", t.vocab_size)});
  }
}

void check_lora(const LoraConfig& l, Conflicts& out) {
  if (l.rank > 0) return;
  const auto unused = [&](const std::string& key, const std::string& value) {
    out.push_back({{key, "lora.rank"},
                   cat(key, "=", value,
                       " has no meaning without adapters; give lora.rank, the rank they are to "
                       "have (8, 16, ...)")});
  };
  if (l.dropout > 0) unused("lora.dropout", cat(l.dropout));
  if (!l.targets.empty()) unused("lora.targets", join(l.targets));
  if (l.rslora) unused("lora.rslora", "true");
  if (l.dora) unused("lora.dora", "true");
  if (l.base != LoraBase::full) unused("lora.base", to_name(l.base));
}

void check_token_loss(const SftConfig& s, const TrainConfig& t, Conflicts& out) {
  if (s.loss != TokenLoss::dft || t.label_smoothing == 0) return;
  out.push_back(
      {{"train.label_smoothing", "sft.loss"},
       cat("train.label_smoothing=", t.label_smoothing,
           " spreads a token's weight over all tokens, but sft.loss=dft weighs a token by "
           "its own probability; use train.label_smoothing=0, or "
           "sft.loss=cross_entropy")});
}

/// A recorded pass is the same each time: what changes in it beside the rows is named here.
void check_graph(const RunConfig& c, Conflicts& out) {
  if (!c.train.cuda_graph) return;
  const auto refuse = [&](const char* field, bool used, const char* what) {
    if (!used) return;
    out.push_back({{"train.cuda_graph", field},
                   cat("train.cuda_graph=true replays one recorded pass, but ", field, " ", what,
                       "; use train.cuda_graph=false")});
  };
  refuse("sft.neftune_alpha", c.sft.neftune_alpha > 0, "draws other noise in each");
  refuse("lora.dropout", c.lora.dropout > 0, "drops other inputs in each");
  refuse("distill.teacher", !c.distill.teacher.empty(), "measures a divergence beside it");
}

void check_distill(const DistillConfig& d, Conflicts& out) {
  if (d.teacher.empty() || d.weight > 0) return;
  out.push_back({{"distill.weight", "distill.teacher"},
                 "distill.weight=0 learns nothing from distill.teacher; leave the teacher out, or "
                 "use a weight above 0"});
}

void check_eval(const EvalConfig& e, Conflicts& out) {
  if (e.window && e.stride && *e.stride > *e.window) {
    out.push_back(
        {{"eval.stride", "eval.window"},
         cat("eval.stride=", *e.stride, " is more than eval.window=", *e.window,
             ", so tokens between windows would not be scored; use at most ", *e.window)});
  }
}

}  // namespace

Conflicts find_conflicts(const ModelConfig& model) {
  Conflicts out;
  check_heads(model, out);
  return out;
}

Conflicts find_conflicts(const RunConfig& config, const std::vector<std::string>& sections) {
  const auto has = [&](const char* name) {
    return std::find(sections.begin(), sections.end(), name) != sections.end();
  };
  Conflicts out;
  if (has("model")) out = find_conflicts(config.model);
  if (has("train")) {
    check_batch(config.train, out);
    check_batch_ramp(config.train, out);
    check_schedule(config.train, out);
    check_decay_steps(config.train, out);
    check_optimizer(config.train, out);
  }
  if (has("model") && has("train")) check_head(config.model, config.train, out);
  if (has("model") && has("data")) check_context(config.model, config.data, out);
  if (has("model") && has("tokenizer")) check_vocabulary(config.model, config.tokenizer, out);
  if (has("lora")) check_lora(config.lora, out);
  if (has("sft") && has("train")) check_token_loss(config.sft, config.train, out);
  if (has("distill")) check_distill(config.distill, out);
  if (has("train")) check_graph(config, out);
  if (has("eval")) check_eval(config.eval, out);
  return out;
}

}  // namespace slovo
