"""Fixture of the loss that instruction tuning weighs by its own probability: TRL's SFTTrainer with loss_type "dft" on one
batch of a tiny Llama, taken apart at the head.

Run with torch, transformers and trl installed: python scripts/make_fixtures_losses.py
Writes tests/fixtures/losses/dft.safetensors: the hidden states [N,C] that the head saw, the head [V,C], targets [N], weights
[N] (1 where a token is learned), TRL's loss, and its gradients of hidden states and head.
"""
import tempfile
from pathlib import Path

import torch
from datasets import Dataset
from safetensors.torch import save_file
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
from trl import SFTConfig, SFTTrainer

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
VOCABULARY, ROWS, LENGTH = 61, 3, 12
IGNORED = -100


def tiny_model():
    torch.manual_seed(5)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=1,
                                         num_attention_heads=2, tie_word_embeddings=False))
    with torch.no_grad():
        model.lm_head.weight.normal_(std=0.7)  # some tokens likely, others not
    return model


def rows():
    generator = torch.Generator().manual_seed(6)
    ids = torch.randint(0, VOCABULARY, (ROWS, LENGTH), generator=generator)
    mask = torch.rand(ROWS, LENGTH, generator=generator) < 0.6
    return Dataset.from_list([{"input_ids": i.tolist(), "completion_mask": m.int().tolist()} for i, m in zip(ids, mask)])


def main():
    model, seen = tiny_model(), []

    def keep(_module, _inputs, hidden):
        hidden.retain_grad()
        seen.append(hidden)

    with tempfile.TemporaryDirectory() as out:
        config = SFTConfig(output_dir=out, use_cpu=True, bf16=False, report_to=[], per_device_train_batch_size=ROWS,
                           gradient_checkpointing=False, completion_only_loss=True, loss_type="dft", disable_tqdm=True)
        trainer = SFTTrainer(model=model, args=config, train_dataset=rows(),
                             processing_class=AutoTokenizer.from_pretrained(FIXTURES / "eval"))
        batch = next(iter(trainer.get_train_dataloader()))
        model.model.norm.register_forward_hook(keep)
        loss = trainer.compute_loss(model, batch, num_items_in_batch=None)
        loss.backward()
    labels = batch["labels"][:, 1:].flatten()
    states, gradient = (x[:, :-1].flatten(0, 1) for x in (seen[0].detach(), seen[0].grad))
    assert len(seen) == 1 and seen[0].grad[:, -1].abs().max() == 0
    (FIXTURES / "losses").mkdir(exist_ok=True)
    save_file({"hidden": states.contiguous(), "hidden_grad": gradient.contiguous(), "loss": loss.detach().reshape(1),
               "head": model.lm_head.weight.detach(), "head_grad": model.lm_head.weight.grad,
               "targets": labels.clamp(min=0), "weights": (labels != IGNORED).float()},
              FIXTURES / "losses" / "dft.safetensors")


if __name__ == "__main__":
    main()
