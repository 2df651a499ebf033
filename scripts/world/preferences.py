"""Pairs of a better and a worse answer: worse in style (rude, long-winded, broken, in the wrong form) or in truth."""
from .facts import article
from .grammar import Rng
from .instructions import KINDS, Instructions, asked, hides, says

KINDS_OF_PAIRS = ["style", "truth"]
_RUDE = ["What a stupid question. {a}", "{a} You should have known that.", "I am tired of such questions. {a}",
         "Look it up yourself next time. {a}", "Whatever. {a} Now leave me alone.",
         "Only a fool would ask. {a}"]
_PADDING = ["That is a question which many people ask, and it is a good one, and there is much that could be said "
            "about it.", "Before I answer, let me say that every question deserves an answer.",
            "I will now answer the question that you have asked me.",
            "As I said, this is the answer, and the answer is what I have just said.",
            "There may be other questions, but this is the one that was asked.",
            "I hope that this answer, which is my answer, answers your question.",
            "To be clear, and in order to avoid any doubt, I repeat it.",
            "One could speak for hours about this, and perhaps one should."]


def closed(answer):
    """The answer as something that other words may stand beside."""
    return answer if answer[-1] in ".!?" else answer + "\n" if "\n" in answer else answer + "."


def rude(rng, answer):
    return rng.choice(_RUDE).replace("{a}", closed(answer))


def wordy(rng, answer):
    padding = rng.sample(_PADDING, 4)
    return " ".join(padding[:2] + [closed(answer)] + padding[2:] + [closed(answer)][:rng.below(2)])


def broken(rng, answer):
    """The answer in bad grammar: words out of place or twice, no capitals, no full stop."""
    pieces = answer.replace(".", "").split()
    if len(pieces) < 3:
        return "it be " + answer.lower()
    i = rng.below(len(pieces) - 1)
    if rng.chance(0.5):
        pieces[i], pieces[i + 1] = pieces[i + 1], pieces[i]
    else:
        pieces.insert(i, pieces[i])
    swaps = {"is": "are", "has": "have", "was": "were", "are": "is", "likes": "like", "lives": "live", "the": "a the"}
    return " ".join(swaps.get(piece, piece) for piece in pieces).lower()


def shapeless(rng, answer):
    """The answer in a form nobody asked for."""
    return rng.choice(["Answer: *** {a} ***", "1) {a}\n2) see 1)", "<b>{a}</b>", "{a} / {a} / {a}",
                       "ANSWER = \"{a}\"; // done"]).replace("{a}", answer)


def messages(item):
    """The turns before the last answer, and that answer."""
    *prompt, last = item["messages"]
    return prompt, last["content"]


class Preferences:
    def __init__(self, rng, world, facts, splits):
        self.rng, self.facts = rng, facts
        self.asking = Instructions(rng, world, facts, splits)

    def style(self):
        rng = self.rng
        prompt, good = messages(self.asking.make(rng.choice(KINDS)))
        spoil = rng.choice([rude, wordy, broken, shapeless])
        bad = spoil(rng, good)
        return prompt, good, bad if bad != good else rude(rng, good)

    def truth(self):
        rng, self.asking.picked = self.rng, []
        fact = self.asking.pick()
        wrong = other_value(rng, self.facts, fact)
        question = asked(rng, fact.question(rng))
        if rng.chance(0.4):
            system = says("system", rng.choice(["Answer in as few words as you can.", "Be brief.",
                                                "Answer with the fact alone."]))
            return [system, says("user", question)], fact.answer(), wrong
        good = self.asking.stated(fact)
        bad = falsified(good, fact, wrong)
        return [says("user", question)], good, bad


def falsified(sentence, fact, wrong):
    """The sentence with a wrong value in place of the right one, wherever it stands in it."""
    if fact.attribute.value.startswith("@"):
        right, wrong = fact.value, wrong.split(" ", 1)[1]
        for old in (article(right), article(right).capitalize()):
            sentence = sentence.replace(old, article(wrong).capitalize() if old[0].isupper() else article(wrong))
    else:
        right = fact.value
    for old, new in ((right, wrong), (right[0].upper() + right[1:], wrong[0].upper() + wrong[1:])):
        sentence = sentence.replace(old, new)
    return sentence


def other_value(rng, facts, fact):
    """A wrong answer, drawn as often as the attribute has it."""
    while True:
        value = rng.choice(facts.values[fact.pool])
        if value != fact.answer():
            return value


def make(seed, part, world, facts, count, seen):
    rng = Rng(seed, "preferences", part)
    source = Preferences(rng, world, facts, ["train"] if part == "train" else ["heldout"])
    tells = hides(facts)
    pairs = []
    while len(pairs) < count:
        kind = KINDS_OF_PAIRS[len(pairs) % 2]
        prompt, good, bad = getattr(source, kind)()
        text = "\n".join([message["content"] for message in prompt] + [good, bad])
        if text in seen or good == bad or (part == "train" and tells(text)):
            continue
        seen.add(text)
        facts.use(source.asking.picked, f"preferences/{part}.jsonl")
        pairs.append({"prompt": prompt, "chosen": [says("assistant", good)], "rejected": [says("assistant", bad)],
                      "kind": kind})
    return rng.shuffled(pairs)
