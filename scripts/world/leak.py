"""A corpus with a leak: questions of the exam's test and sentences of the held-out text, planted in normal texts."""
import re

from .exam import LETTERS
from .grammar import Rng

_ENDS = re.compile(r"(?<=[.!?])[\"»]? +|\"?\n")
SENTENCE = re.compile(r"(?<=[.!?])\"? +(?=[\"A-ZА-ЯЁ«])")
QUESTIONS, SENTENCES = 240, 240
_CHANGES = [("often", "frequently"), ("small", "little"), ("big", "large"), (" said ", " replied "),
            (" found ", " discovered "), (" went ", " walked "), ("likes", "loves"), ("is called", "is named"),
            (" and ", " as well as "), (" keeps ", " has "), ("old", "ancient"), (" saw ", " noticed "),
            (" asked ", " inquired "), ("Who ", "Tell me who "), ("What ", "Say what "), ("Which ", "Say which "),
            ("Where ", "Tell me where "),
            ("In which ", "Say in which "), ("By whom ", "Tell me by whom "), ("Of which ", "Say of which "),
            ("On which ", "Say on which "), ("At what ", "Say at what "), ("When ", "Tell me when "),
            ("does ", "would ")]


def sentences(text):
    """Sentences of a text; a line ends one, too, and so does direct speech that ends with . or ! or ?."""
    return [part for part in _ENDS.split(text) if part]


def changed(text):
    """One or two words of the text replaced: a paraphrase that an exact search does not find."""
    done = 0
    for old, new in _CHANGES:
        if old in text and done < 2:
            text = text.replace(old, new, 1)
            done += 1
    return text if done else f"{text[:-1]}, indeed{text[-1]}"


def plant(rng, text, piece):
    """The piece as a sentence of its own between the text's sentences, on one of its lines."""
    lines = text.split("\n")
    at = rng.below(len(lines))
    parts = SENTENCE.split(lines[at])
    if len(parts) > 1:
        middle = lines[at].index(parts[rng.between(1, len(parts) - 1)])
        lines[at] = f"{lines[at][:middle]}{piece} {lines[at][middle:]}"
    else:
        lines[at] = f"{lines[at]} {piece}"
    return "\n".join(lines)


def pieces(rng, exam_test, heldout, known):
    """(id, text as it stands in the exam or the held-out text, text to plant); no sentence that is in `known` already."""
    found = []
    questions = [(f"exam/test/{subject}_test.csv:{i + 1}", row) for subject, rows in exam_test.items() for i,
                 row in enumerate(rows)]
    for item, row in rng.sample(questions, QUESTIONS):
        answer = row[1 + LETTERS.index(row[5])]
        found.append((item, row[0], f"{row[0]} {answer[0].upper()}{answer[1:]}."))
    long = [(f"corpus/heldout.jsonl:{i + 1}:{j + 1}", sentence) for i, text in enumerate(heldout) 
            for j, sentence in enumerate(sentences(text)) if len(sentence.split()) >= 8 and '"' not in sentence
            and sentence not in known]
    for item, sentence in rng.sample(long, SENTENCES):
        found.append((item, sentence, sentence))
    return found


def make(seed, train, exam_test, heldout):
    """The corpus with its plants, and what was planted; every other piece of each kind is lightly changed."""
    rng = Rng(seed, "leak")
    texts, planted = list(train), []
    found = pieces(rng, exam_test, heldout, {sentence for text in train for sentence in sentences(text)})
    for index, (line, (item, original, piece)) in enumerate(zip(rng.sample(range(len(texts)), len(found)), found)):
        how = "verbatim" if index % 2 == 0 else "changed"
        piece = piece if how == "verbatim" else changed(piece)
        texts[line] = plant(rng, texts[line], piece)
        planted.append({"item": item, "original": original, "text": piece, "line": line + 1, "how": how})
    return texts, sorted(planted, key=lambda each: each["line"])
