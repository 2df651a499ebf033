#!/usr/bin/env python3
"""Makes tests/fixtures/models: tiny random models of transformers with their logits, loss and gradients.

Each folder is what save_pretrained writes, plus expected.safetensors: ids [2,12], logits [2,12,V], loss (mean
cross-entropy of the next token, each row one text) and "grad.NAME" for every parameter, all computed by transformers.

    python scripts/make_fixtures.py            (needs torch, transformers, safetensors)
"""

import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "models"
ROWS, LENGTH = 2, 12

LLAMA = dict(vocab_size=61, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=32, bos_token_id=1, eos_token_id=2)


def models():
    """name -> config."""
    return {
        "llama_gqa": transformers.LlamaConfig(
            **LLAMA, num_key_value_heads=2, tie_word_embeddings=True, rms_norm_eps=1e-5),
        "llama_bias": transformers.LlamaConfig(
            **LLAMA, num_key_value_heads=1, head_dim=12, attention_bias=True, mlp_bias=True,
            tie_word_embeddings=False, rope_parameters={"rope_type": "default", "rope_theta": 500000.0}),
        "qwen3": transformers.Qwen3Config(
            **LLAMA, num_key_value_heads=2, head_dim=16, tie_word_embeddings=False),
        "gpt2": transformers.GPT2Config(
            vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=32, bos_token_id=1, eos_token_id=2,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0),
        "mistral": transformers.MistralConfig(
            **LLAMA, num_key_value_heads=2, sliding_window=5, tie_word_embeddings=True),
        "qwen3_window": transformers.Qwen3Config(
            **LLAMA, num_key_value_heads=2, head_dim=16, use_sliding_window=True, sliding_window=4, max_window_layers=0),
    }


def randomise(model):
    """Norms and biases away from 1 and 0, so that none can be left out unnoticed."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(1 + 0.2 * noise if "norm" in name or ".ln_" in name else 0.15 * noise)


def expected(model, ids):
    logits = model(ids).logits
    targets = ids[:, 1:].reshape(-1)
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(len(targets), -1), targets)
    loss.backward()
    tensors = {"ids": ids, "logits": logits.detach(), "loss": loss.detach()}
    tensors.update({f"grad.{name}": parameter.grad for name, parameter in model.named_parameters()})
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    for seed, (name, config) in enumerate(models().items()):
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float()
        randomise(model)
        folder = FIXTURES / name
        model.save_pretrained(folder)
        save_file(expected(model, torch.randint(0, config.vocab_size, (ROWS, LENGTH))), folder / "expected.safetensors")
        largest = max(path.stat().st_size for path in folder.iterdir())
        assert largest < 300 * 1024, f"{name}: a fixture of {largest} bytes"
        print(f"{folder}: {sum(p.numel() for p in model.parameters())} parameters")


if __name__ == "__main__":
    main()
