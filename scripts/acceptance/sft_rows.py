"""Rows of instruction files as conversations, and those as text, read a second time without slovo: for sft_data.py.

A conversation is {"messages": [...], "weights": [...], "tools": [...] or None}; plain text {"prompt": ..., "text": ...}.
"""
import json
from pathlib import Path

ROLES = {"human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "char": "assistant",
         "function_call": "assistant", "observation": "tool"}


class Unfit(Exception):
    """Of a row."""


def read_rows(path):
    text = Path(path).read_text(encoding="utf-8")
    if path.suffix == ".txt":
        return [{"text": text}]
    if path.suffix == ".json":
        return json.loads(text)
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def maybe_json(value):
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return value
        return parsed if isinstance(parsed, (dict, list)) else value
    return value


def tool_call(value):
    call = maybe_json(value)
    call = call.get("function", call)
    return {"type": "function",
            "function": {"name": call["name"], "arguments": maybe_json(call.get("arguments", {}))}}


def message(given):
    role = given.get("role") or given["from"]
    content = given.get("content", given.get("value"))
    out = {"role": ROLES.get(role, role), "content": ""}
    if role == "function_call":
        calls = maybe_json(content)
        out["tool_calls"] = [tool_call(each) for each in (calls if isinstance(calls, list) else [calls])]
    elif isinstance(content, list):
        for part in content:
            if part["type"] == "text":
                out["content"] += part["value"]
            elif part["type"] == "reasoning":
                out["reasoning_content"] = part["value"]
            else:
                out.setdefault("tool_calls", []).append(tool_call(part["value"]))
    else:
        out["content"] = content
    return out, given.get("loss_weight", 1)


def schemas(row):
    tools = maybe_json(row.get("tools"))
    if not tools:
        return None
    return [tool if "function" in tool else {"type": "function", "function": tool} for tool in tools]


def conversation(messages, weights, tools=None):
    if not any(each["role"] == "assistant" and (each["content"] or each.get("tool_calls")) for each in messages):
        raise Unfit("the assistant says nothing")
    return {"messages": messages, "weights": weights, "tools": tools}


def from_messages(row, key):
    pairs = [message(each) for each in row[key]]
    if row.get("system"):
        pairs.insert(0, ({"role": "system", "content": row["system"]}, 1))
    return [conversation([each for each, _ in pairs], [weight for _, weight in pairs], schemas(row))]


def from_alpaca(row):
    question = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    answer = row["output"] if row.get("output") is not None else row["response"]
    return conversation([{"role": "user", "content": question}, {"role": "assistant", "content": answer}], [1, 1])


def from_tree(row):
    found, learned = [], set()

    def walk(node, path):
        if node.get("deleted"):
            return 0
        path = path + [node]
        threads = sum(walk(reply, path) for reply in node.get("replies", []))
        role = ROLES.get(node["role"], node["role"])
        if threads or role != "assistant":
            return threads
        found.append(conversation(
            [{"role": ROLES.get(each["role"], each["role"]), "content": each["text"]} for each in path],
            [0 if id(each) in learned else 1 for each in path]))
        learned.update(map(id, path))
        return 1
    walk(row["prompt"], [])
    if not found:
        raise Unfit("no reply of the assistant")
    return found


READERS = {
    "messages": lambda row: from_messages(row, "messages"),
    "sharegpt": lambda row: from_messages(row, "conversations"),
    "alpaca": lambda row: [from_alpaca(row)],
    "self_instruct": lambda row: [from_alpaca({**row, **each}) for each in row["instances"]],
    "oasst": from_tree,
    "text": lambda row: [{"prompt": "", "text": row["text"]}],
}


def chatml(dialogue):
    """Pieces of text with what each counts: None for what is given, a weight for what the assistant says."""
    messages, tools = dialogue["messages"], dialogue["tools"]
    pieces = []
    if tools:
        head = messages[0]["content"] + "\n\n" if messages[0]["role"] == "system" else ""
        listing = "".join(json.dumps(tool, ensure_ascii=False) + "\n" for tool in tools)
        pieces.append((f"<|im_start|>system\n{head}You can call these functions:\n<tools>\n{listing}</tools>\n"
                       "To call one, write its name and arguments as JSON:\n<tool_call>\n"
                       '{"name": ..., "arguments": {...}}\n</tool_call><|im_end|>\n', None))
    for i, (each, weight) in enumerate(zip(messages, dialogue["weights"])):
        if each["role"] == "system" and tools and i == 0:
            continue
        if each["role"] != "assistant":
            pieces.append((f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n", None))
            continue
        said = [each["content"]] if each["content"] else []
        said += ["<tool_call>\n" + json.dumps(call["function"], ensure_ascii=False) + "\n</tool_call>"
                 for call in each.get("tool_calls", [])]
        pieces += [("<|im_start|>assistant\n", None), ("\n".join(said) + "<|im_end|>", weight), ("\n", None)]
    return pieces
