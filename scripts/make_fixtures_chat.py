#!/usr/bin/env python3
"""Writes tests/fixtures/chat/expected.json: what `transformers` renders with the templates beside it.

Four parts: `dialogues`; `templates`, each *.jinja of the folder, and "default", the one of src/tokenizer/chat_template.cpp,
over every dialogue, with the text, or null where `transformers` refuses it, and the assistant's part as byte ranges; `snippets`, small templates that show one thing each;
`shared`, hashes of what the templates of the shared data give (their texts are not ours to keep).
"""
import argparse
import ctypes
import ctypes.util
import json
import logging
import pathlib
import re
import tempfile

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests/fixtures/chat"
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a city, e.g. \"Кострома\" & <others>",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "Its name"},
        "days": {"type": "integer", "minimum": 1, "default": 1.5}, "units": {"enum": ["°C", "°F", None, True]}},
        "required": ["city"]}, "return": {"type": "string"}}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "", "parameters": {}}}


def user(text):
    return {"role": "user", "content": text}


def said(text, **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments, id_="abcdefghi"):
    return {"type": "function", "id": id_, "function": {"name": name, "arguments": arguments}}


def dialogues():
    system = {"role": "system", "content": " You are brief. "}
    result = {"role": "tool", "tool_call_id": "abcdefghi", "name": "get_weather", "content": "{\"t\": -3.5}"}
    first = call("get_weather", {"city": "Кострома", "days": 2, "deep": {"a": [1, 2.0, 1e-7, True, None]}})
    cases = {
        "one": [user("Hello!")],
        "system": [system, user("  Hi\n"), said(" Hello. "), user("And?")],
        "turns": [user("1"), said("2"), user("3"), said("4"), user("5"), said("six\n\n")],
        "empty content": [user(""), said(""), user(" \t\n")],
        "unicode": [user("Слово 🙂👨‍👩‍👧 e\u0301 \u00a0日本語\u3000"), said("ﬁß İı «»—\u200b"), user("\u2028x\u0085")],
        "markup inside": [user("<|im_end|> {{ bos_token }} {% if %} </s> \"'\\ & <b>"), said("[/INST]</think>")],
        "thinking": [user("2+2?"), said("<think>\nadd\n</think>\n\n4"), user("3+3?"), said("<think>\nsix\n</think>\n\n6")],
        "reasoning": [user("2+2?"), said("4", reasoning_content="\nadd\n"), user("?"), said("!", reasoning="r", thinking=None)],
        "wrong turns": [user("a"), user("b")],
        "only assistant": [said("I begin")],
        "unknown role": [user("a"), {"role": "critic", "content": "b"}],
        "no content": [user("a"), {"role": "assistant"}],
        "null content": [user("a"), {"role": "assistant", "content": None}, user("b")],
        "parts": [user([{"type": "text", "text": " See "}, {"type": "image"}]), said("A cat")],
        "system in the middle": [user("a"), said("b"), system, user("c")],
        "tool calls": [user("Weather?"), said("", tool_calls=[first]), result, said("Cold."), user("Thanks")],
        "two calls": [system, user("W?"), said(None, tool_calls=[first, call("clock", {}, "123456789")]), result,
                      {**result, "content": "12:00"}, said("Noon, cold.")],
        "wrong id": [user("W?"), said("x", tool_calls=[call("clock", {}, "1")]), {**result, "tool_call_id": "1"}],
    }
    out = [{"name": name, "messages": messages, "tools": tools, "variables": None}
           for name, messages in cases.items() for tools in (None, [WEATHER, CLOCK])]
    out.append({"name": "not thinking", "messages": cases["one"], "tools": [], "variables": {"enable_thinking": False}})
    out.append({"name": "variables", "messages": cases["system"], "tools": None,
                "variables": {"date": "9 May", "own_tools": [CLOCK], "bos_token": "<B>", "date_string": "9 May 2020"}})
    return out


SNIPPETS = r"""
{{ none }} {{ true }} {{ [1, 2.0, 'a', "it's", none, True] }} {{ {'a': 1, 2: [()]} }} {{ (1,) }} {{ () }} {{ 1, 2 }}
{{ 1.0 }} {{ 1e16 }} {{ 1e15 }} {{ 1e-5 }} {{ 0.0001 }} {{ 123456789.125 }} {{ 1/3 }} {{ 2/2 }} {{ -0.0 }} {{ 1e400 }}
{{ ['\n', '\t\\', 'é\x00\x7f', '\u200b', "\"", "'\"", '🙂', '\xa0', '\u3000'] }}
{{ 'a\tb\x41\u0416\101\q\'' "b" }}|{{ "\
x" }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }}
{{ -2 ** 2 }} {{ -1 | abs }} {{ +3 }} {{ 1 + 2 * 3 - 4 / 2 }} {{ 1 ~ 2 + 3 ~ 'x' }} {{ 'a' * 3 }} {{ [0] * 2 }} {{ 1_000 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ (1,) == [1] }}
{{ 'b' in 'abc' }} {{ 2 not in [1, 2] }} {{ 'k' in {'k': 1} }} {{ not 1 in [2] }} {{ '' in '' }}
{{ 1 if false }}|{{ 1 if true else 2 }}|{{ 1 if 0 else 2 if 0 else 3 }}|{{ nothing }}|{{ nothing is defined }}|{{ [nothing] }}
{{ nothing.deeper }}
{{ {'a': 1}.b }}|{{ {'a': {'b': 2}}.a.b }}|{{ {'a': 1}['a'] }}|{{ [1, 2][-1] }}|{{ [1][5] }}|{{ 'héllo'[1] }}|{{ 'abc'[-1] }}
{{ {'a': 1}.b.c }}
{{ nothing + 1 }}
{{ 'a' + 1 }}
{{ nothing and 1 }}|{{ 0 or 'x' }}|{{ '' and 1 }}|{{ 1 and 2 }}|{{ not '' }}|{{ [] or {} }}
{{ 'абвгд'[1:3] }} {{ 'абвгд'[::-1] }} {{ [1,2,3,4][::2] }} {{ [1,2,3][-2:] }} {{ [1,2,3][5:] }} {{ (1,2,3)[:-1] }} {{ [1,2,3][2:0:-1] }}
{{ '  x '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ '\u3000x\u00a0'.strip() }}|{{ 'xy'.lstrip('x') }}|{{ ' x '.rstrip() ~ '|' }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ', 1) }} {{ 'a b c'.split(none, 1) }} {{ 'a-b-c'.rsplit('-', 1) }}
{{ 'a\nb\r\nc\x0b'.splitlines() }} {{ 'abc'.partition('b') }} {{ 'abc'.partition('x') }} {{ 'aXbX'.replace('X', 'y', 1) }}
{{ 'abc'.startswith('a') }} {{ 'abc'.startswith(('x', 'ab')) }} {{ 'abc'.endswith('c') }} {{ 'héé'.find('é') }} {{ 'abc'.find('z') }}
{{ 'éaé'.rfind('é') }} {{ 'aXbX'.count('X') }} {{ '-'.join(['a', 'b']) }} {{ 'abc'.removeprefix('a').removesuffix('c') }}
{{ 'straße ﬁ ΑΣ'.upper() }} {{ 'ÀΣ ΑΣ'.lower() }} {{ "it's a x-ray ǆ".title() }} {{ 'ßa BC'.capitalize() }} {{ 'ǆx'.capitalize() }}
{{ 'abc'.isdigit() }} {{ '12'.isdigit() }} {{ 'aB'.isupper() }} {{ 'AB1'.isupper() }} {{ 'ab'.islower() }} {{ ' \n'.isspace() }}
{{ 'hello wORLD-x (y'|title }} {{ 'hELLO'|capitalize }} {{ 'a'|upper }} {{ 'Ж'|lower }} {{ 5|upper }} {{ nothing|upper }}|{{ none|lower }}
{{ ' a '|trim }}|{{ 'xax'|trim('x') }}|{{ 5|trim }}|{{ 'abc'|length }} {{ [1]|count }} {{ {}|length }} {{ nothing|length }}
{{ 5|length }}
{{ [1, 'b', none]|join(', ') }} {{ 'abc'|join('-') }} {{ [{'a': 1}, {'a': 2}]|join('+', attribute='a') }} {{ [1, 2]|join }}
{{ 'aaa'|replace('a', 'b', 2) }} {{ 'ab'|replace('', '-') }} {{ 12|replace(1, 'x') }}
{{ nothing|default('d') }} {{ ''|default('d') }}|{{ ''|default('d', true) }} {{ none|d('x') }} {{ nothing|d }}|{{ 0|d(5, boolean=true) }}
{{ [1, 2]|first }} {{ [1, 2]|last }} {{ []|first }}|{{ 'abc'|first }} {{ 'abc'|last }} {{ 'abc'|reverse }} {{ [1, 2]|reverse|list }}
{{ 'abc'|list }} {{ {'a': 1}|list }} {{ {'b': 1, 'a': 2}|items|list }} {{ {'b': 1, 'A': 2}|dictsort }} {{ {'b': 1, 'a': 2}|dictsort(by='value', reverse=true) }}
{{ [3, 1, 2]|sort }} {{ ['b', 'A', 'a']|sort }} {{ ['b', 'A']|sort(case_sensitive=true) }} {{ [{'a': 2}, {'a': 1}]|sort(attribute='a') }} {{ [1, 3, 2]|sort(reverse=true) }}
{{ [1, 'a']|sort }}
{{ ['a', 'A', 'b', 'a']|unique|list }} {{ [3, 1]|min }} {{ ['a', 'C', 'b']|max }} {{ [1, 2]|sum }} {{ [{'x': 1.5}]|sum(attribute='x') }} {{ []|min }}
{{ '12'|int }} {{ ' 7 '|int }} {{ '1.9'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ 2.9|int }} {{ '1_0'|int }} {{ '-3'|int }} {{ '1.5'|float }} {{ 'x'|float }} {{ 3|float }} {{ none|int(-1) }}
{{ 2.5|round }} {{ 3.14159|round(2) }} {{ 2.1|round(method='ceil') }} {{ 2.9|round(0, 'floor') }} {{ 5|round }} {{ 2.675|round(2) }} {{ -5|abs }} {{ -2.5|abs }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(width='> ', blank=true) }}|{{ 'a\n'|indent }}|
{{ {'a': [1, 'é"\n', none, true, 1.0, {}], 'b': []}|tojson }} {{ 'é🙂\x7f/'|tojson(ensure_ascii=true) }} {{ '<&>\u2028'|tojson }}
{{ {'a': [1, {'b': 2}], 'c': {}, 'd': []}|tojson(indent=2) }} {{ [1]|tojson(indent='--') }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ {1: 2, none: 3}|tojson }}
{{ [1, {'a': 2}]|tojson(separators=(',', ':')) }} {{ (1, 2)|tojson }} {{ 1e100|tojson }} {{ [1]|tojson(indent=0) }}
{{ nothing|tojson }}
{{ 'a<b'|e }} {{ '<'|safe }} {{ '<'|safe + '<' }} {{ '<' + ('>'|escape) }} {{ '<'|safe ~ '<' }} {{ 'x'|string }} {{ 5|string + '1' }} {{ ['<'|safe] }}
{{ [1, 2, 3]|select('odd')|list }} {{ [0, 1, '']|select|list }} {{ [1, 2, 3]|reject('gt', 1)|list }} {{ ['a', 'b']|map('upper')|list }} {{ ['a']|map('replace', 'a', 'c')|join }}
{{ [{'a': 1, 'b': {'c': 5}}, {'a': 0}]|selectattr('a')|list }} {{ [{'a': 1}, {'a': 2}]|selectattr('a', 'equalto', 2)|list }} {{ [{'a': 1}, {}]|rejectattr('a', 'defined')|list }}
{{ [{'b': {'c': 5}}]|map(attribute='b.c')|list }} {{ [{'a': 1}, {}]|map(attribute='a', default='?')|list }} {{ [[1, 2]]|map(attribute=1)|list }} {{ [[1, 2]]|map(attribute='0')|list }}
{% set g = [1, 2]|select %}{{ 'true' if []|select else 'false' }} {{ g|list }} {{ g|list }}
{% set g = ['a', 'b', 'c']|map('upper') %}{{ g|first }} {{ g|join }}
{{ 1 is number }} {{ true is number }} {{ true is integer }} {{ 1.0 is float }} {{ 'a' is string }} {{ {} is mapping }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ [] is sequence }} {{ {} is sequence }} {{ {}.items() is sequence }}
{{ none is none }} {{ 1 is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 1 is eq 1 }} {{ 1 is ne(1) }} {{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 'a' is lower }} {{ 'A' is upper }}
{{ 1 is in [1] }} {{ 1 is not in [1] }} {{ 'x' is sameas 'x' }} {{ none is sameas none }} {{ 1 is sameas true }} {{ range is callable }} {{ nothing is not defined }} {{ nothing is iterable }} {{ nothing is string }} {{ 2 is ge 2 }} {{ 2 is lessthan 1 }}
{{ {'a': 1}.items()|list }} {{ {'a': 1}.keys()|list }} {{ {'a': 1}.values()|list }} {{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b') }} {{ {'a': 1}.get('b', 2) }} {{ {'items': 5}['items'] }} {{ {'items': 5}.items is callable }}
{{ [1, 2, 1].count(1) }} {{ ['a', 'b'].index('b') }} {{ range(3)|list }} {{ range(5, 1, -2)|list }} {{ range(2, 4)|length }} {{ range(10)[3] }} {{ dict(a=1, b='x') }}
{% for i in range(3) %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }} {{ loop.previtem }}|{{ loop.nextitem }}|{{ loop.cycle('a', 'b') }}|{{ loop.changed(i // 2) }}{% endfor %}
{% for x in [] %}x{% else %}none{% endfor %}|{% for x in [1] %}x{% else %}none{% endfor %}|{% for x in nothing %}x{% else %}undefined{% endfor %}
{% for x in [1, 2, 3, 4] if x is even %}{{ x }}{{ loop.length }}{{ loop.last }}{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% else %}E{% endfor %}|{% for x in [1, 2] %}{% continue %}{% else %}E{% endfor %}|{% for x in [1] %}{% break %}{% else %}E{% endfor %}
{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}{% for c in 'añb' %}{{ c }}.{% endfor %}{% for k in {'z': 1} %}{{ k }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}|{% if true %}{% set x = 9 %}{% endif %}{{ x }}
{% set ns = namespace(n=0, s='a') %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.missing }}{{ ns.missing is defined }}
{% set a, b = 1, [2] %}{{ a }}{{ b }}{% set t = 1, %}{{ t }}{% set t %}block {{ a }}{% endset %}{{ t }}{% set t | upper | replace('B', 'p') %}ab{% endset %}{{ t }}
{% set d = {'a': 1} %}{% set d.b = 2 %}
{% macro m(a, b=2, c=a) %}[{{ a }}{{ b }}{{ c }}{{ caller }}]{% endmacro %}{{ m(1) }}{{ m(1, c=3) }}{{ m(b=5, a=4) }}{{ m() }}{{ m }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1)|int + 1 }}{{ m('x')|upper }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=1) }}
{% macro rec(n) %}{{ n }}{% if n > 0 %}{{ rec(n - 1) }}{% endif %}{% endmacro %}{{ rec(5) }}
{% macro box(t) %}<{{ t }}:{{ caller('in') }}>{% endmacro %}{% call(x) box('b') %}{{ x }}side{% endcall %}
{% set y = 1 %}{% macro m() %}{{ y }}{{ z }}{% endmacro %}{% set y = 2 %}{% set z = 3 %}{{ m() }}
{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}
{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}|{% set a = 5 %}{% with a = a + 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% filter upper %}abc {{ 'd' }}{% endfilter %}|{% filter replace('a', 'b') | upper %}aaa{% endfilter %}
{% raw %}{{ x }} {% if %}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b
a {#- c -#} b {# d #} c
  {# e #}
x {#+ f +#} y
  {% if true %}
    a
  {%- endif %}
  b
  {%+ if true %}
c
  {%+ endif +%}
d {{- 1 -}} e {{ 2 -}}
f
{{ '{{' }}{{ "%}" }}{{ {'a': {'b': 1}} }}{{ '#}' }} { } {x % }
{{ 1 -}}

  x  {{- 2 }}
{% if 0 %}a{% elif none %}b{% elif 1 %}c{% else %}d{% endif %}{% if [] %}a{% else %}b{% endif %}{% if 1, %}t{% endif %}
{% if x is defined and x.y %}1{% else %}2{% endif %}{{ x.y if x is defined else 'no' }}
{{ 'a' 'b' ~ 1 }} {{ [1,] }} {{ {'a': 1,} }} {{ dict(a=1,).a }} {{ [1, 2].0 }} {{ ('a') }} {{ "a" if "b" == 'b' }}
{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ unk_token is defined }}{{ tools }}{{ documents is none }}{{ add_generation_prompt }}{{ messages[0].role }}{{ messages|length }}
{{ raise_exception('no ' ~ 1) }}
{{ messages.append(1) }}
{{ 'x'.nothing }}|{{ 'x'.nothing is defined }}|{{ 5 .x }}|{{ none.x }}
{{ 'x'() }}
{{ nothing() }}
{{ 1 / 0 }}
{{ {'a': 1} == {'a': 1.0} }} {{ [1, [2]] == [1, [2]] }} {{ 'a' == 1 }} {{ none == none }} {{ nothing == none }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}
{{ [1, 2] + [3] }} {{ (1,) + (2,) }} {{ 3.0 * 2 }} {{ 10 - 2.5 }} {{ true + 1 }} {{ 7.0 % 4 }} {{ 2.0 ** 0.5 }} {{ 10 / 4 }} {{ 1e3 }} {{ 5 // 2.0 }}
{% generation %}g{% set inside = 1 %}{% endgeneration %}{{ inside }}
"""


def xxh3_128(data):
    """The hash of src/core/hash.h, from the library that slovo links."""
    class Digest(ctypes.Structure):
        _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]

    function = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0").XXH3_128bits
    function.restype = Digest
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    digest = function(data, len(data))
    return f"{digest.high:016x}{digest.low:016x}"


def snippets():
    """Each line is a template; a line that begins like the ones of white space tests goes on over several."""
    text = SNIPPETS.strip("\n")
    joined = [('a {#- c', "x {#+ f +#} y"), ("  {% if true %}", "f"), ("{{ 1 -}}", "  x  {{- 2 }}"), ("{{ 'a\\tb", "x\" }}")]
    out, lines = [], text.split("\n")
    while lines:
        line = lines.pop(0)
        for begin, end in joined:
            if line.startswith(begin):
                while lines and not line.split("\n")[-1].startswith(end):
                    line += "\n" + lines.pop(0)
        out.append(line)
    return out


def make_tokenizer():
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1}, "</s>")), **SPECIAL)


def render(tokenizer, template, dialogue, prompt):
    try:
        return tokenizer.apply_chat_template(dialogue["messages"], tools=dialogue["tools"], chat_template=template,
                                             tokenize=False, add_generation_prompt=prompt, **(dialogue["variables"] or {}))
    except Exception:  # what the template raises, and what Python raises for it
        return None


def assistant_ranges(template, dialogue):
    """Byte ranges of {% generation %} blocks, from the function that makes `assistant_masks`."""
    messages = chat_template_utils._normalize_chat_messages(dialogue["messages"])
    text, ranges = chat_template_utils.render_jinja_template(
        [messages], tools=dialogue["tools"], chat_template=template, return_assistant_tokens_mask=True,
        **{**SPECIAL, **(dialogue["variables"] or {})})
    return [[len(text[0][:end].encode()) for end in span] for span in ranges[0]]


def from_folders(tokenizer):
    """What a tokenizer that was saved and loaded again renders: the places where templates are kept."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.chat_template = {"default": "D{{ bos_token }}", "tool_use": "T{{ eos_token }}"}
        tokenizer.save_pretrained(folder)
        again = PreTrainedTokenizerFast.from_pretrained(folder)
        files = sorted(path.relative_to(folder).as_posix() for path in pathlib.Path(folder).rglob("*.jinja"))
        tokenizer.chat_template = None
        return {"files": files, "default": again.apply_chat_template([{"role": "user", "content": ""}], tokenize=False),
                "tool_use": again.apply_chat_template([{"role": "user", "content": ""}], tools=[CLOCK], tokenize=False)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", default=str(ROOT.parent / "shared"), help="the folder of the shared data")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    tokenizer, cases = make_tokenizer(), dialogues()
    expected = {"special_tokens": SPECIAL, "dialogues": cases, "templates": {}, "snippets": [], "shared": {},
                "folders": from_folders(tokenizer)}
    source = (ROOT / "src/tokenizer/chat_template.cpp").read_text(encoding="utf-8")
    templates = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.jinja"))}
    templates["default"] = re.search(r'R"jinja\((.*?)\)jinja"', source, re.S).group(1)
    for name, template in templates.items():
        rows = expected["templates"][name] = []
        for i, dialogue in enumerate(cases):
            for prompt in (False, True):
                text = render(tokenizer, template, dialogue, prompt)
                row = {"dialogue": i, "prompt": prompt, "text": text}
                if "generation %}" in template and text is not None and not prompt:
                    row["assistant"] = assistant_ranges(template, dialogue)
                rows.append(row)
    for snippet in snippets():
        expected["snippets"].append({"template": snippet, "text": render(tokenizer, snippet, cases[0], False)})
    for path in sorted(pathlib.Path(args.shared).glob("data/tokenizers/chat_templates/*.jinja")):
        template = path.read_text(encoding="utf-8")
        rows = expected["shared"][path.name] = []
        for i, dialogue in enumerate(cases):
            for prompt in (False, True):
                text = render(tokenizer, template, dialogue, prompt)
                rows.append({"dialogue": i, "prompt": prompt, "hash": text and xxh3_128(text.encode())})
    path = FOLDER / "expected.json"
    path.write_text(json.dumps(expected, ensure_ascii=True, indent=0) + "\n")
    refused = {name: sum(row["text"] is None for row in rows) for name, rows in expected["templates"].items()}
    print(path, path.stat().st_size, "bytes; refused dialogues:", refused)
    print("refused snippets:", *[row["template"] for row in expected["snippets"] if row["text"] is None], sep="\n  ")


if __name__ == "__main__":
    main()
