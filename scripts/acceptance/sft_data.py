#!/usr/bin/env python3
"""What slovo sft makes of instruction data, against an independent reckoning in Python.

For every file of shared data/sft that holds training examples: rows, examples, repeats, unfit and too long rows, tokens and
learned tokens as `slovo sft --dry-run --json` tells them must be those that transformers and jinja2 give (own reading of the
rows, chat template of a model that slovo tuned, assistant's tokens by return_assistant_tokens_mask). Then a few real steps
from each model. Files of questions only or of metadata must be refused with exit code 2. `--model` names more models beside
stories260K; `--python` the interpreter that has transformers (default: .venv-peers).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOVO = Path(os.environ.get("SLOVO_BINARY", ROOT / "build/release/slovo"))
SHARED = Path(os.environ.get("SLOVO_SHARED", ROOT.parent / "shared"))
DATA = SHARED / "data/sft"
# File -> what the row's keys are called, where slovo must be told.
TRAINING = {
    "alpaca_eval/gpt4_model_outputs.json": [], "codealpaca/code_alpaca_2k.json": [],
    "fastchat/dummy_conversation.json": [], "gpteacher/roleplay-instruct.json": [],
    "llama_factory/alpaca_en_demo.json": [], "llama_factory/c4_demo.jsonl": [],
    "llama_factory/glaive_toolcall_en_demo.json": [], "llama_factory/identity.json": [],
    "llama_factory/reason_tool_use_demo_50.jsonl": [], "llama_factory/v1_sft_demo.jsonl": [],
    "llama_factory/wiki_demo.txt": [], "open_assistant/en_100_tree.jsonl": [],
    "ru_alpaca_seed/ru_alpaca_seed_tasks.jsonl": [],
    "ru_alpaca_seed/ru_chargen_seed.jsonl": ["messages=example_dialogue", "system=context"],
    "ru_llm_arena/ru_messages.jsonl": [], "self_instruct/user_oriented_instructions.jsonl": [],
    "stanford_alpaca/seed_tasks.jsonl": [],
}
REFUSED = ["fastchat/mt_bench_question.jsonl", "fastchat/mt_bench_reference_gpt-4.jsonl",
           "llama_factory/dataset_info.json", "ru_llm_arena/answers_gpt-4-1106-preview.jsonl",
           "ru_llm_arena/question.jsonl"]
KEYS = ["rows", "examples", "skipped", "duplicates", "too_long", "tokens", "supervised_tokens"]


# ---- the independent side: rows to dialogues (a list of messages with weights), or to a text

def message(role, content, weight=1, **more):
    return {"role": role, "content": content, **more}, weight


def call(value):
    value = json.loads(value) if isinstance(value, str) else value
    value = value.get("function", value)
    arguments = value.get("arguments", {})
    return {"type": "function", "function": {"name": value["name"], "arguments":
            json.loads(arguments) if isinstance(arguments, str) else arguments}}


def from_parts(role, parts, weight):
    text = "".join(part.get("text", part.get("value", "")) for part in parts if part["type"] == "text")
    more = {}
    for part in parts:
        if part["type"] == "reasoning":
            more["reasoning_content"] = part["value"]
        if part["type"] == "tool_call":
            more.setdefault("tool_calls", []).append(call(part["value"]))
    return message(role, text, weight, **more)


def chat_messages(rows):
    roles = {"human": "user", "gpt": "assistant", "observation": "tool", "char": "assistant"}
    for row in rows:
        name, content = row.get("role", row.get("from")), row.get("content", row.get("value"))
        weight = row.get("loss_weight", 1)
        if name == "function_call":
            calls = json.loads(content)
            yield message("assistant", "", weight, tool_calls=[call(c) for c in (calls if isinstance(calls, list) else [calls])])
        elif isinstance(content, list):
            yield from_parts(roles.get(name, name), content, weight)
        else:
            yield message(roles.get(name, name), content, weight)


def tools_of(row):
    tools = row.get("tools") or None
    tools = json.loads(tools) if isinstance(tools, str) else tools
    return [t if "function" in t else {"type": "function", "function": t} for t in tools] if tools else None


def alpaca(row):
    question = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    return [message("user", question), message("assistant", row.get("output", row.get("response")))]


def threads(node, path, found, used):
    path = path + [node]
    before = len(found)
    for reply in node.get("replies", []):
        threads(reply, path, found, used)
    if len(found) == before and node["role"] == "assistant":
        found.append([message({"prompter": "user"}.get(n["role"], n["role"]), n["text"], 0 if id(n) in used else 1)
                      for n in path])
        used.update(id(n) for n in path)


def dialogues(row):
    """[(messages with weights, tools)] or [(text, None)]."""
    if "text" in row:
        return [(row["text"], None)]
    if isinstance(row.get("prompt"), dict):
        found = []
        threads(row["prompt"], [], found, set())
        return [(thread, None) for thread in found]
    if "instances" in row:
        return [(alpaca({**instance, "instruction": row["instruction"]}), None) for instance in row["instances"]]
    if "instruction" in row:
        return [(alpaca(row), None)]
    rows = row.get("messages", row.get("conversations", row.get("example_dialogue")))
    system = [message("system", row["context"])] if "context" in row else []
    return [(system + list(chat_messages(rows)), tools_of(row))]


def answered(dialogue):
    return isinstance(dialogue, str) or any(m["role"] == "assistant" and (m["content"] or m.get("tool_calls")) for m, _ in dialogue)


def read_rows(path):
    text = path.read_text()
    if path.suffix == ".json":
        return json.loads(text)
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return [{"text": text}]


def encode(tokenizer, dialogue, tools):
    """Ids and how many of them are learned."""
    if isinstance(dialogue, str):
        ids = tokenizer(dialogue, add_special_tokens=False)["input_ids"]
        bos = tokenizer("")["input_ids"][:1] == [tokenizer.bos_token_id] and tokenizer.bos_token_id is not None
        ids = [tokenizer.bos_token_id] * bos + ids + [tokenizer.eos_token_id]
        return ids, len(ids) - 1
    messages = [m for m, _ in dialogue]
    weights = [w for m, w in dialogue if m["role"] == "assistant"]
    out = tokenizer.apply_chat_template(messages, tools=tools, tokenize=True, return_dict=True,
                                        return_assistant_tokens_mask=True)
    ids, mask = out["input_ids"], out["assistant_masks"]
    # The runs of the mask are the assistant's messages in order: those of weight 0 are not learned.
    learned, run, inside = 0, -1, False
    for at, each in enumerate(mask):
        run += each and not inside
        inside = bool(each)
        learned += bool(each) and at > 0 and weights[run] != 0
    return ids, learned


def reckon(tokenizer, path, length):
    out = dict.fromkeys(KEYS, 0)
    seen = set()
    for row in read_rows(path):
        out["rows"] += 1
        found = dialogues(row)
        if not all(answered(dialogue) for dialogue, _ in found):
            out["skipped"] += 1
            continue
        for dialogue, tools in found:
            key = json.dumps([dialogue if isinstance(dialogue, str) else [m for m, _ in dialogue], tools])
            if key in seen:
                out["duplicates"] += 1
                continue
            seen.add(key)
            ids, learned = encode(tokenizer, dialogue, tools)
            if len(ids) - 1 > length:
                out["too_long"] += 1
                continue
            out["examples"] += 1
            out["tokens"] += len(ids)
            out["supervised_tokens"] += learned
    return out


def reckon_all(folder, length):
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(folder)
    print(json.dumps({name: reckon(tokenizer, DATA / name, length) for name in TRAINING}))


# ---- slovo's side

def slovo(*words):
    return subprocess.run([str(SLOVO), "sft", *map(str, words), "--log-level", "error"], capture_output=True, text=True)


def context_of(model):
    folder = model / "model" if (model / "model").is_dir() else model
    return json.loads((folder / "config.json").read_text())["max_position_embeddings"]


def check_model(model, python, work, failures):
    length = min(512, context_of(model))
    told, fits = {}, None
    for name, columns in TRAINING.items():
        words = ["--model", model, "--data", DATA / name, "--data.on_error", "skip", "--data.seq_len", length]
        words += ["--data.columns", *columns] if columns else []
        dry = slovo(*words, "--dry-run", "--json")
        if dry.returncode == 2 and "no example is left to learn from" in dry.stderr:
            told[name] = None  # none fits the model's context: said so, and checked below
            continue
        if dry.returncode != 0:
            failures.append(f"{name}: {dry.stderr.strip()}")
            continue
        told[name] = json.loads(dry.stdout)["files"][0]
        out = work / f"{model.name}-{name.replace('/', '-')}"
        real = slovo(*words, "--out", out, "--train.steps", 2, "--train.batch_size", 2, "--train.sample_every", 0)
        if real.returncode != 0:
            failures.append(f"{name}: the run failed: {real.stderr.strip()}")
        elif "chat_template.jinja" in os.listdir(out / "model"):
            fits = out / "model"
    done = subprocess.run([python, __file__, "--reckon", fits, "--length", str(length)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    for name, expected in json.loads(done.stdout).items():
        if told.get(name) is None:
            if name in told and expected["examples"] > 0:
                failures.append(f"{name}: slovo says that nothing fits, but {expected['examples']} examples do")
            continue
        given = {key: told[name][key] for key in KEYS}
        share = given["supervised_tokens"] / given["tokens"]
        print(f"{'ok' if given == expected else 'DIFFERS':<8} {name}: {given['rows']} rows, {given['examples']} examples, "
              f"{given['skipped']} unfit, {given['duplicates']} repeats, {given['too_long']} longer than {length}; "
              f"{share:.1%} of {given['tokens']} tokens learned", flush=True)
        if given != expected:
            failures.append(f"{name}: slovo {given}, reckoned {expected}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", default=[], help="beside stories260K")
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--reckon", help=argparse.SUPPRESS)
    parser.add_argument("--length", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.reckon:
        return reckon_all(args.reckon, args.length)
    failures = []
    with tempfile.TemporaryDirectory() as work:
        for model in [SHARED / "data/models/stories260K/hf", *args.model]:
            print(f"--- {model}")
            check_model(model, args.python, Path(work), failures)
        for name in REFUSED:
            done = slovo("--model", SHARED / "data/models/stories260K/hf", "--data", DATA / name, "--dry-run")
            print(f"{'ok' if done.returncode == 2 else 'FAILED':<8} refused: {done.stderr.strip()[:160]}")
            if done.returncode != 2:
                failures.append(f"{name}: exit code {done.returncode}")
    print("\n".join(failures) if failures else "all equal")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
