#!/usr/bin/env python3
"""make_world.py: the same bytes twice, files in their forms and sizes, facts kept apart, and texts without slips of form."""
import csv
import filecmp
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_world.py"
KINDS = {"answer", "explain", "command", "correct", "code", "reason", "format"}
SENTENCE_END = re.compile(r"(?<=[.!?])[\"»]?\s+|\"?\n")


def sentences(text):
    return [part for part in SENTENCE_END.split(text) if part]


def make(out, hash_seed):
    # Another hash seed: nothing may depend on the order of a set.
    subprocess.run([sys.executable, str(SCRIPT), "--out", out], check=True,
                   env=dict(os.environ, PYTHONHASHSEED=hash_seed))


class World(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="world-")
        cls.one, cls.two = Path(cls.folder.name, "1"), Path(cls.folder.name, "2")
        make(str(cls.one), "1")
        make(str(cls.two), "2")
        cls.train, cls.heldout = cls.texts("corpus/train.jsonl"), cls.texts("corpus/heldout.jsonl")
        cls.facts = json.loads((cls.one / "facts.json").read_text(encoding="utf-8"))
        cls.exam = {part: {path.name: list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
                           for path in sorted((cls.one / "exam" / part).iterdir())} for part in ("dev", "val", "test")}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def lines(cls, name):
        return [json.loads(line) for line in (cls.one / name).read_text(encoding="utf-8").splitlines()]

    @classmethod
    def texts(cls, name):
        return [line["text"] for line in cls.lines(name)]

    def files(self):
        return sorted(path.relative_to(self.one) for path in self.one.rglob("*") if path.is_file())

    # The files

    def test_same_bytes(self):
        files = self.files()
        self.assertEqual(files, sorted(path.relative_to(self.two) for path in self.two.rglob("*") if path.is_file()))
        for name in files:
            self.assertTrue(filecmp.cmp(self.one / name, self.two / name, shallow=False), name)

    def test_utf8_with_plain_line_ends(self):
        for name in self.files():
            text = (self.one / name).read_bytes().decode("utf-8")
            self.assertNotIn("\r", text, name)
            self.assertTrue(text.endswith("\n"), name)

    def test_sizes(self):
        for texts, low, high in ((self.train, 5.8e6, 6.3e6), (self.heldout, 2.8e5, 3.3e5),
                                 (self.texts("corpus_ru/train.jsonl"), 0.95e6, 1.1e6),
                                 (self.texts("corpus_ru/heldout.jsonl"), 5e4, 8e4)):
            size = sum(len(text.encode()) for text in texts)
            self.assertTrue(low <= size <= high, size)

    def test_readme_names_the_seed_and_the_licence(self):
        text = (self.one / "README.md").read_text(encoding="utf-8")
        for word in ("CC0", "--seed 1", "version"):
            self.assertIn(word, text)

    # The corpora

    def test_text_is_not_trivially_compressible(self):
        data = "\n".join(self.train).encode()[:1_500_000]
        self.assertGreaterEqual(len(lzma.compress(data, preset=6)) / len(data), 0.15)

    def test_heldout_is_new(self):
        for train, heldout in ((self.train, self.heldout),
                               (self.texts("corpus_ru/train.jsonl"), self.texts("corpus_ru/heldout.jsonl"))):
            self.assertFalse(set(train) & set(heldout))
            known = {sentence for text in train for sentence in sentences(text)}
            asked = [sentence for text in heldout for sentence in sentences(text)]
            self.assertLessEqual(sum(sentence in known for sentence in asked) / len(asked), 0.1)

    def test_english_form(self):
        slips = {
            "a before a vowel": re.compile(r"\b[Aa] (?!one|use|uni|eu)[aeiou]"),
            "an before a consonant": re.compile(r"\b[Aa]n (?!hour|honest|8|11|18)[^aeiou]"),
            "double space": re.compile("  "), "space before a stop": re.compile(r" [.,;:!?]"),
            "placeholder": re.compile(r"[{}\[\]|@]|None"), "two stops": re.compile(r"[.,;:!?][.,;:]"),
            "double word": re.compile(r"\b(the|a|an|to|of|in|on|at|and|for) \1\b"),
            "a small letter after a stop": re.compile(r"[.!?] [a-z]"), "not ASCII": re.compile(r"[^\n -~]"),
            "no stop between words": re.compile(r"[.,;!?][A-Za-z]"),
            "I in the wrong place": re.compile(r"\bI and\b|\bI (has|was not were|is)\b|\b(said|asked) I\b"),
        }
        for text in self.train + self.heldout:
            for name, slip in slips.items():
                found = slip.search(text)
                self.assertIsNone(found, f"{name}: {text}")
            self.assertEqual(text.count('"') % 2, 0, text)
            self.assertTrue(all(line and line == line.strip() for line in text.split("\n")), text)
            self.assertTrue(text[0].isupper() or text[0] == '"', text)

    def test_russian_form(self):
        allowed = re.compile(r"[А-Яа-яЁё0-9 .,:;!?«»—\n-]+")
        for text in self.texts("corpus_ru/train.jsonl") + self.texts("corpus_ru/heldout.jsonl"):
            self.assertTrue(allowed.fullmatch(text), text)
            self.assertIsNone(re.search(r"  | [.,;:!?]|[.!?] [а-яё]|«[а-яё]|[.,]{2}", text), text)
            self.assertEqual(text.count("«"), text.count("»"), text)

    # Chats, pairs, exam

    def test_instructions(self):
        for part, least in (("train", 5000), ("heldout", 500)):
            chats = self.lines(f"instructions/{part}.jsonl")
            self.assertGreaterEqual(len(chats), least)
            kinds = Counter(chat["kind"] for chat in chats)
            self.assertEqual(set(kinds), KINDS)
            self.assertLessEqual(max(kinds.values()) - min(kinds.values()), 1)
            for chat in chats:
                roles = [message["role"] for message in chat["messages"]]
                turns = roles[1:] if roles[0] == "system" else roles
                self.assertEqual(turns, ["user", "assistant"] * (len(turns) // 2))
                self.assertTrue(all(message["content"] for message in chat["messages"]))
            self.assertGreater(sum(chat["messages"][0]["role"] == "system" for chat in chats), least // 20)
            self.assertGreater(sum(len(chat["messages"]) > 3 for chat in chats), least // 100)

    def test_chats_ask_about_every_subject(self):
        for name in ("train", "questions"):
            asked = Counter(fact["subject"] for fact in self.facts if f"instructions/{name}.jsonl" in fact["used"])
            self.assertEqual(len(asked), 12)
            self.assertGreaterEqual(min(asked.values()), 20, asked)

    def test_heldout_chats_and_pairs_are_new(self):
        for name in ("instructions", "preferences"):
            lines = [set((self.one / name / f"{part}.jsonl").read_text(encoding="utf-8").splitlines())
                     for part in ("train", "heldout")]
            self.assertFalse(lines[0] & lines[1])

    def test_code_does_what_is_said(self):
        for chat in self.lines("instructions/heldout.jsonl"):
            question, answer = (message["content"] for message in chat["messages"][-2:])
            if chat["kind"] != "code":
                continue
            if answer.startswith("def "):
                compile(answer, "answer", "exec")
                continue
            lines = []
            exec(question.split("\n", 1)[1], {"print": lambda value: lines.append(str(value))})
            self.assertEqual("\n".join(lines), answer)

    def test_preferences(self):
        for part, least in (("train", 2000), ("heldout", 200)):
            pairs = self.lines(f"preferences/{part}.jsonl")
            self.assertGreaterEqual(len(pairs), least)
            self.assertEqual({pair["kind"] for pair in pairs}, {"style", "truth"})
            for pair in pairs:
                self.assertEqual(pair["prompt"][-1]["role"], "user")
                self.assertEqual([message["role"] for message in pair["chosen"] + pair["rejected"]], ["assistant"] * 2)
                self.assertNotEqual(pair["chosen"], pair["rejected"])

    def test_exam_layout(self):
        least = {"dev": 5, "val": 15, "test": 50}
        for part, subjects in self.exam.items():
            self.assertEqual(len(subjects), 12)
            for name, rows in subjects.items():
                self.assertTrue(name.endswith(f"_{part}.csv"))
                self.assertTrue(len(rows) == 5 if part == "dev" else len(rows) >= least[part], name)
                for row in rows:
                    self.assertEqual(len(row), 6)
                    self.assertEqual(len(set(row[1:5])), 4, row)
                    self.assertIn(row[5], "ABCD")
        questions = [row[0] for subjects in self.exam.values() for rows in subjects.values() for row in rows]
        self.assertEqual(len(questions), len(set(questions)))

    def test_exam_is_not_guessable_from_form(self):
        rows = [row for rows in self.exam["test"].values() for row in rows]
        for rows_of_one in self.exam["test"].values():
            letters = Counter(row[5] for row in rows_of_one)
            self.assertLessEqual(max(letters.values()) - min(letters.values()), 1)
        right = [row[1 + "ABCD".index(row[5])] for row in rows]
        for pick in (max, min):
            hits = sum(pick(row[1:5], key=len) == answer for row, answer in zip(rows, right))
            self.assertLess(hits / len(rows), 0.33)
        often = Counter(right)
        hits = sum(max(row[1:5], key=lambda value: often[value]) == answer for row, answer in zip(rows, right))
        self.assertLess(hits / len(rows), 0.45)      # even knowing all the right answers, as often as they come

    def test_exam_agrees_with_the_facts(self):
        facts = {place: fact for fact in self.facts for place in fact["used"] if place.startswith("exam/")}
        count = 0
        for part, subjects in self.exam.items():
            for name, rows in subjects.items():
                for i, row in enumerate(rows):
                    fact = facts[f"exam/{part}/{name}:{i + 1}"]
                    answer = row[1 + "ABCD".index(row[5])]
                    self.assertIn(answer, (fact["value"], "a " + fact["value"], "an " + fact["value"]))
                    self.assertEqual(fact["split"], part)
                    self.assertIn(fact["entity"].lower(), row[0].lower())
                    count += 1
        self.assertEqual(count, len(facts))

    # Facts

    def test_hidden_facts_are_in_no_training_task(self):
        hidden = {}
        for fact in self.facts:
            if fact["split"] in ("test", "heldout"):
                self.assertFalse({"instructions/train.jsonl", "instructions/questions.jsonl", "preferences/train.jsonl"}
                                 & set(fact["used"]), fact)
                hidden.setdefault(fact["entity"].lower(), []).append(fact["value"].lower())
        tasks = ["\n".join(message["content"] for message in chat["messages"])
                 for chat in self.lines("instructions/train.jsonl") + self.lines("instructions/questions.jsonl")]
        tasks += ["\n".join(message["content"] for key in ("prompt", "chosen", "rejected") for message in pair[key])
                  for pair in self.lines("preferences/train.jsonl")]
        for text in tasks:
            text = text.lower()
            for entity, values in hidden.items():
                if entity in text:
                    self.assertFalse([value for value in values if value in text], f"{entity}: {text}")

    def test_hidden_facts_are_told_by_the_corpus(self):
        """Each in three wordings or more: sentences that differ beside the entity and the value."""
        by_word = {}
        for text in self.train:
            for sentence in sentences(text):
                sentence = sentence.lower()
                for word in set(re.findall(r"\w+", sentence)):
                    by_word.setdefault(word, []).append(sentence)
        for fact in self.facts:
            if fact["split"] in ("test", "heldout"):
                entity, value = fact["entity"].lower(), fact["value"].lower()
                rest = [sentence.replace(entity, "E") for sentence in by_word.get(entity.split()[-1], ())
                        if entity in sentence]
                wordings = {sentence.replace(value, "V") for sentence in rest if value in sentence}
                self.assertGreaterEqual(len(wordings), 3, fact)

    def test_no_question_of_the_test_is_in_the_corpus(self):
        questions = {row[0] for rows in self.exam["test"].values() for row in rows}
        for text in self.train:
            for line in text.split("\n"):
                self.assertNotIn(line.split(": ", 1)[-1], questions)

    # The leak

    def test_planted_is_what_the_list_says(self):
        leaked, planted = self.texts("leaked/train.jsonl"), json.loads((self.one / "leaked/planted.json").read_text(encoding="utf-8"))
        self.assertEqual(len(leaked), len(self.train))
        self.assertEqual({i for i, (a, b) in enumerate(zip(leaked, self.train), 1) if a != b},
                         {each["line"] for each in planted})
        self.assertEqual({each["how"] for each in planted}, {"verbatim", "changed"})
        for each in planted:
            before, after = self.train[each["line"] - 1], leaked[each["line"] - 1]
            self.assertIn(each["text"], after)
            self.assertIn(after.replace(each["text"] + " ", "", 1), (before, after))
            self.assertEqual(each["original"] in after, each["how"] == "verbatim", each)
            name, *place = each["item"].split(":")
            if name.startswith("exam/"):
                self.assertEqual(self.exam["test"][name.split("/")[-1]][int(place[0]) - 1][0], each["original"])
            else:
                self.assertIn(each["original"], self.heldout[int(place[0]) - 1])


if __name__ == "__main__":
    unittest.main()
