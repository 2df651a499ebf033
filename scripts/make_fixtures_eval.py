#!/usr/bin/env python3
"""Makes tests/fixtures/eval: a tiny Llama with a tokenizer, and what other programs compute with it.

perplexity  written out here with transformers: windows without overlap, the strided guide of Hugging Face
rolling     lm-evaluation-harness, loglikelihood_rolling
score       lm-evaluation-harness, loglikelihood, without and with BOS
generate    transformers, greedy
processors  transformers, the tokens left by temperature, top-k and top-p and their probabilities

Needs torch, transformers, tokenizers and lm-eval:  python scripts/make_fixtures_eval.py
"""
import json
import logging
import math
import os
import pathlib
import re

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

import evaluate  # noqa: F401  (imports transformers anew, so it has to come first)
import tokenizers
import torch
import transformers

# lm-eval 0.4.9 names a class that transformers 5 dropped; nothing here uses it.
if not hasattr(transformers, "AutoModelForVision2Seq"):
    transformers.AutoModelForVision2Seq = transformers.AutoModelForImageTextToText
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "eval"
CONTEXT = 48

DOCUMENTS = [
    "The ship left the harbour at dawn. Nobody on the shore waved, and nobody on board looked back; the gulls alone "
    "followed for a while, crying, until the wind turned and carried them home.\n",
    "Корабль вышел из гавани на рассвете. Никто на берегу не махал, и никто на борту не оглядывался.",
    "a",
    "  Two spaces before,\u00a0one no-break space inside, and three line ends after.\n\n\n",
    "Short enough for one window.",
]

PAIRS = [
    ("The ship left", " the harbour at dawn."),
    ("The ship left ", "the harbour"),
    ("The ship left the", " gulls"),
    ("", "Nobody on the shore waved"),
    ("Корабль вышел ", "из гавани"),
    ("The gulls alone followed, crying, until", " the wind turned."),
]


def make_model():
    """A random Llama whose weights are large enough that its predictions are far from uniform."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=340, special_tokens=["<s>", "</s>"], initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False)
    tokenizer.train_from_iterator(DOCUMENTS, trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")

    torch.manual_seed(20)
    config = transformers.LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        initializer_range=0.35, bos_token_id=tokenizer.token_to_id("<s>"), eos_token_id=tokenizer.token_to_id("</s>"))
    model = transformers.LlamaForCausalLM(config).eval()
    model.save_pretrained(FOLDER)
    fast.save_pretrained(FOLDER)
    return model, fast


def log_probs(model, ids):
    """log p of ids[1:] given all before, in double precision."""
    with torch.inference_mode():
        logits = model(torch.tensor([ids[:-1]])).logits[0].double()
    return torch.log_softmax(logits, -1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].tolist()


def sums_to_result(nll, tokens):
    words = sum(len(re.split(r"\s+", text)) for text in DOCUMENTS)
    size = sum(len(text.encode()) for text in DOCUMENTS)
    return {"tokens": tokens, "documents": len(DOCUMENTS), "words": words, "bytes": size, "nll_per_token": nll / tokens,
            "token_perplexity": math.exp(nll / tokens), "word_perplexity": math.exp(nll / words),
            "byte_perplexity": math.exp(nll / size), "bits_per_byte": nll / size / math.log(2)}


def non_overlapping(model, tokenizer, window, bos):
    nll, tokens = 0.0, 0
    for text in DOCUMENTS:
        ids = tokenizer.encode(text, add_special_tokens=bos)
        for start in range(0, len(ids) - 1, window):
            scores = log_probs(model, ids[start:start + window + 1])
            nll -= sum(scores)
            tokens += len(scores)
    return {"window": window, "bos": bos, **sums_to_result(nll, tokens)}


def strided(model, tokenizer, window, stride, bos):
    """The loop of the guide, each scored token counted once."""
    nll, tokens = 0.0, 0
    for text in DOCUMENTS:
        ids = tokenizer.encode(text, add_special_tokens=bos)
        previous_end = 0
        for begin in range(0, len(ids), stride):
            end = min(begin + window, len(ids))
            labels = torch.tensor([ids[begin:end]])
            labels[:, :-(end - previous_end)] = -100
            counted = int((labels[:, 1:] != -100).sum())
            if counted > 0:
                with torch.inference_mode():
                    loss = model(torch.tensor([ids[begin:end]]), labels=labels).loss
                nll += float(loss) * counted
                tokens += counted
            previous_end = end
            if end == len(ids):
                break
    return {"window": window, "stride": stride, "bos": bos, **sums_to_result(nll, tokens)}


def rolling(model, tokenizer):
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2, add_bos_token=False)
    requests = [Instance("loglikelihood_rolling", {}, (text,), 0) for text in DOCUMENTS]
    nll = -sum(lm.loglikelihood_rolling(requests, disable_tqdm=True))
    tokens = sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in DOCUMENTS)
    return {"window": CONTEXT, **sums_to_result(nll, tokens)}


def greedy_pair(model, tokenizer):
    """A beginning of a document and the likeliest token after it, where that is text which encodes to itself."""
    for text in DOCUMENTS:
        for cut in range(2, len(text)):
            context = text[:cut].rstrip()
            ids = tokenizer.encode(context)
            with torch.inference_mode():
                best = int(model(torch.tensor([ids[-CONTEXT:]])).logits[0, -1].argmax())
            piece = tokenizer.decode([best])
            if len(ids) < CONTEXT and piece.strip() and tokenizer.encode(context + piece) == ids + [best]:
                return context, piece
    raise RuntimeError("no such beginning; take another seed")


def score(model, tokenizer, bos):
    """With BOS, lm-eval 0.4.9 puts two before an empty context: that line is taken from the run without."""
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2, add_bos_token=bos)
    plain = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2, add_bos_token=False)
    out = []
    for context, continuation in [*PAIRS, greedy_pair(model, tokenizer)]:
        source = lm if context else plain
        request = Instance("loglikelihood", {}, (context, continuation), 0)
        (total, greedy), = source.loglikelihood([request], disable_tqdm=True)
        out.append({"context": context, "continuation": continuation, "sum_logprob": total, "is_greedy": bool(greedy)})
    return out


def greedy(model, tokenizer):
    out = []
    for prompt in ["The ship left", "Корабль", "N"]:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        with torch.inference_mode():
            chosen = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False)[0]
        chosen = chosen[ids.shape[1]:].tolist()
        out.append({"prompt": prompt, "ids": chosen})
    return out


def processors():
    """Logits with equal values among them, and what the processors of transformers leave."""
    generator = torch.Generator().manual_seed(3)
    logits = (torch.randn(1, 60, generator=generator) * 3).round(decimals=1)
    out = {"logits": logits[0].tolist(), "cases": []}
    for temperature, top_k, top_p in [(1.0, 0, 1.0), (0.7, 0, 1.0), (1.0, 5, 1.0), (1.0, 0, 0.8), (1.5, 0, 0.95),
                                      (0.8, 20, 0.9), (1.3, 12, 0.5), (1.0, 0, 0.01)]:
        scores = logits
        if temperature != 1.0:
            scores = transformers.TemperatureLogitsWarper(temperature)(None, scores)
        if top_k > 0:
            scores = transformers.TopKLogitsWarper(top_k)(None, scores)
        if top_p < 1.0:
            scores = transformers.TopPLogitsWarper(top_p)(None, scores)
        kept = torch.isfinite(scores[0]).nonzero()[:, 0]
        out["cases"].append({"temperature": temperature, "top_k": top_k, "top_p": top_p, "ids": kept.tolist(),
                             "probabilities": torch.softmax(scores[0], -1)[kept].tolist()})
    return out


def main():
    logging.disable(logging.WARNING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    model, tokenizer = make_model()
    expected = {
        "documents": DOCUMENTS,
        "windows": [non_overlapping(model, tokenizer, window, bos) for window, bos in
                    [(CONTEXT, True), (16, True), (16, False)]],
        "strided": [strided(model, tokenizer, window, stride, bos) for window, stride, bos in
                    [(32, 16, True), (CONTEXT, 5, False)]],
        "rolling": [rolling(model, tokenizer)],
        "score": {"no": score(model, tokenizer, False), "yes": score(model, tokenizer, True)},
        "generate": greedy(model, tokenizer),
        "processors": processors(),
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
