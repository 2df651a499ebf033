"""Random choices that are the same on every Python, and templates of text.

A template is text with choices and slots:
    [a|b|]          one of the parts, which may hold choices and slots of their own; a part may be empty
    {x} {x.attr}    a value of the context, or an attribute of it
    {rule}          where the context has no such value: a template of that rule in LEXICON
    {x=rule}        the same, and the context keeps the text as x
    @ word          "a word" or "an word"
"""
import random
import re
from operator import attrgetter

LEXICON = {}
_compiled = {}


class Rng:
    """Only random() is used: its sequence for a seed is the one that Python promises to keep."""

    def __init__(self, *names):
        self.random = random.Random("/".join(map(str, names))).random

    def below(self, n):
        return int(self.random() * n)

    def between(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def choice(self, items):
        return items[int(self.random() * len(items))]

    def chance(self, p):
        return self.random() < p

    def shuffled(self, items):
        items = list(items)
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
        return items

    def sample(self, items, k):
        """k items at different places of the list."""
        if k * 4 > len(items):
            return self.shuffled(items)[:k]
        places = []
        while len(places) < k:
            place = self.below(len(items))
            if place not in places:
                places.append(place)
        return [items[place] for place in places]


def _parse(text, at, ends):
    """Nodes from `at` to one of the characters `ends`: a str, a list of parts, or (name, attribute, kept as)."""
    nodes, begin = [], at
    while at < len(text) and text[at] not in ends:
        if text[at] == "[":
            nodes.append(text[begin:at])
            parts, at = [], at + 1
            while True:
                part, at = _parse(text, at, "|]")
                parts.append(part)
                at += 1
                if text[at - 1] == "]":
                    break
            nodes.append(parts)
            begin = at
        elif text[at] == "{":
            nodes.append(text[begin:at])
            close = text.index("}", at)
            kept, _, name = text[at + 1:close].rpartition("=")
            name, _, attribute = name.partition(".")
            nodes.append((name, attrgetter(attribute) if attribute else str, kept))
            at = begin = close + 1
        else:
            at += 1
    nodes.append(text[begin:at])
    return [node for node in nodes if node != ""], at


def _write(nodes, context, rng, out):
    for node in nodes:
        if isinstance(node, str):
            out.append(node)
        elif isinstance(node, list):
            _write(node[rng.below(len(node))], context, rng, out)
        else:
            name, attribute, kept = node
            if name in context:
                text = str(attribute(context[name]))
            else:
                text = raw(rng.choice(LEXICON[name]), context, rng)
            if kept:
                context[kept] = text
            out.append(text)


def raw(template, context, rng):
    nodes = _compiled.get(template)
    if nodes is None:
        nodes = _compiled[template] = _parse(template, 0, "")[0]
    out = []
    _write(nodes, context, rng, out)
    return "".join(out)


_ARTICLE = re.compile(r"@ (?=(\w+))")
_START = re.compile(r"(^|[.!?]\"? |\n)(\"?)([a-zа-яё])")
_AFTER_QUESTION = re.compile(r"[?!]\" $")
_SPEECH = re.compile(r"\b(said|began|asked|called|only), \"([a-z])")
_SPACES = re.compile(r" {2,}")


def _article(match):
    word = match.group(1).lower()
    vowel = word[0] in "aeiou" or word in ("8", "11", "18", "hour", "honest")
    return "an " if vowel and not word.startswith(("one", "use", "uni", "eu")) else "a "


def _capital(match):
    # After "...?" the teller goes on in lower case: "Who is it?" asked Mira.
    if _AFTER_QUESTION.search(match.group(1)) and not match.group(2):
        return match.group(0)
    return match.group(1) + match.group(2) + match.group(3).upper()


def finish(text):
    """Articles, single spaces, capitals at the beginning of sentences."""
    text = _SPEECH.sub(lambda match: f'{match.group(1)}, "{match.group(2).upper()}', text)
    return _START.sub(_capital, _SPACES.sub(" ", _ARTICLE.sub(_article, text))).strip()


def tell(template, context, rng):
    return finish(raw(template, context, rng))


def series(items, word="and"):
    items = [str(item) for item in items]
    if len(items) < 3:
        return f" {word} ".join(items)
    return ", ".join(items[:-1]) + f" {word} " + items[-1]
