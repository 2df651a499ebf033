"""The exam in MMLU's layout: a question, four answers, the letter of the right one; no header."""
import csv
import io

from .facts import SUBJECTS
from .grammar import Rng
from .preferences import other_value

LETTERS = "ABCD"
PARTS = ["dev", "val", "test"]


def choices(rng, facts, fact):
    """Three wrong answers of the same attribute, drawn as often as it has them, so that no answer is likely by itself."""
    wrong = []
    while len(wrong) < 3:
        value = other_value(rng, facts, fact)
        if value not in wrong:
            wrong.append(value)
    return wrong


def make(seed, part, facts):
    """Rows of each subject. The letters of the right answers are as equally many as can be."""
    rng, subjects = Rng(seed, "exam", part), {}
    for subject in SUBJECTS:
        chosen = [fact for fact in facts.split(part) if fact.attribute.subject == subject]
        places = rng.shuffled([i % 4 for i in range(len(chosen))])
        rows = []
        for place, fact in zip(places, rng.shuffled(chosen)):
            answers = choices(rng, facts, fact)
            answers.insert(place, fact.answer())
            row = [fact.question(rng), *answers, LETTERS[place]]
            fact.used.append(f"exam/{part}/{subject}_{part}.csv:{len(rows) + 1}")
            rows.append(row)
        subjects[subject] = rows
    return subjects


def as_csv(rows):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
