"""Chats of seven kinds: answering, explaining, commands, correcting, code, reasoning in steps, a given format."""
import json

from . import papers, words
from .facts import article
from .grammar import LEXICON, Rng, finish, raw, series, tell
from .words import NUMBERS, pennies

KINDS = ["answer", "explain", "command", "correct", "code", "reason", "format"]
SHORT = ["Answer in as few words as you can.", "Give the shortest answer that is right.", "Answer with the fact alone.",
         "Be brief."]
POLITE = ["You are a friendly guide to the valley. Answer in a full sentence.",
          "You are a helpful assistant who knows the towns on the rivers.",
          "Answer kindly and in a full sentence.", "You know the people of the valley well."]
NUMERIC = ["You are a patient teacher of arithmetic.", "You are a careful clerk. Show every step."]
_ASK = ["", "", "", "Please tell me: ", "I would like to know: ", "A question: ", "Can you help me? ", "Tell me, ",
        "Quick question: "]


def says(role, content):
    return {"role": role, "content": content}


def chat(kind, *turns, system=None):
    """A chat from the user's and the assistant's words by turns."""
    messages = [says("system", system)] if system else []
    messages += [says(("user", "assistant")[i % 2], turn) for i, turn in enumerate(turns)]
    return {"messages": messages, "kind": kind}


def asked(rng, question):
    prefix = rng.choice(_ASK)
    return prefix + (question[0].lower() + question[1:] if prefix.endswith(", ") else question)


class Instructions:
    def __init__(self, rng, world, facts, splits):
        """Asks only for facts of the given splits."""
        self.rng, self.world = rng, world
        self.facts = facts.split(*splits)
        self.picked = []       # the facts of the last chat
        self.of, self.about = {}, {}
        for fact in self.facts:
            self.of.setdefault(fact.entity.name, []).append(fact)
            self.about.setdefault(fact.attribute.subject, []).append(fact)

    def make(self, kind):
        self.picked = []
        return getattr(self, kind)()

    def pick(self, among=None):
        """A fact, of each subject equally often."""
        self.picked.append(self.rng.choice(among or self.about[self.rng.choice(list(self.about))]))
        return self.picked[-1]

    def stated(self, fact):
        """The fact in a sentence without direct speech."""
        while True:
            sentence = fact.sentence(self.rng, self.rng.below(9))
            if '"' not in sentence:
                return sentence

    # Answering: one fact, two facts by turns, or a text to find the answer in.

    def answer(self):
        rng = self.rng
        roll = rng.below(10)
        if roll >= 8:
            return self._reading()
        fact = self.pick()
        if roll < 3:
            return chat("answer", asked(rng, fact.question(rng)), self.stated(fact),
                        system=rng.choice(POLITE) if rng.chance(0.3) else None)
        if roll < 7:
            return self._in_few_words(fact)
        others = [other for other in self.of[fact.entity.name] if other is not fact]
        second = self.pick(others)
        link = rng.choice(["Thank you. ", "And ", "I see. ", "Good. "])
        question = second.question(rng)
        question = link + (question[0].lower() + question[1:] if link == "And " else question)
        return chat("answer", asked(rng, fact.question(rng)), self.stated(fact), question, self.stated(second))

    def _in_few_words(self, fact):
        """The wish for a short answer stands in the system's message or in the question's."""
        rng, wish = self.rng, self.rng.choice(SHORT)
        if rng.chance(0.5):
            return chat("answer", asked(rng, fact.question(rng)), fact.answer(), system=wish)
        question = fact.question(rng)
        return chat("answer", rng.choice([f"{wish} {question}", f"{question} {wish}"]), fact.answer())

    def _reading(self):
        """A question about a given text, whose people and things are made up on the spot."""
        rng = self.rng
        a, b = rng.sample(self.world.people, 2)
        item, place = words.Item(rng), rng.choice(words.PLACES)
        count, (_, goods) = rng.between(3, 30), rng.choice(words.GOODS)
        day = rng.choice(words.DAYS)
        text = tell(rng.choice(["on {d}, {a} carried {n} {g} to {l} in company of {b}, who had @ {o}.",
                                "{a} met {b} at {l} on {d}. {a} had {n} {g}, and {b} was holding @ {o}.",
                                "{b} waited at {l} with @ {o} until {a} came, on {d}, with {n} {g}."]),
                    {"a": a, "b": b, "d": day, "l": place, "n": NUMBERS[count] if count <= 20 else count, "g": goods,
                     "o": item}, rng)
        question, reply = rng.choice([(f"How many {goods} did {a} have?", f"{a} had {count} {goods}."),
                                      ("On which day was it?", f"It was on {day}."),
                                      (f"What did {b} have?", tell("{b} had @ {o}.", {"b": b, "o": item}, rng)),
                                      (f"Where were {a} and {b}?", f"{a} and {b} were at {place}.")])
        begin = rng.choice(["Read the text and answer.", "Here is a text.", "Use only this text."])
        return chat("answer", f"{begin}\n{text}\n{question}", reply)

    # Explaining: causes, rules of the calendar, words.

    def explain(self):
        rng = self.rng
        roll = rng.below(10)
        if roll < 5:
            return self._why()
        if roll < 7:
            return self._calendar_rule()
        name, (meaning, example) = rng.choice(list(MEANINGS.items()))
        context = {"w": name, "m": meaning, "e": example, "p": rng.choice(self.world.people), "o": words.Item(rng)}
        question = tell(rng.choice(["what is @ {w}?", "explain to {p} what @ {w} is.",
                                    "what does the word \"{w}\" mean?", "{p} asks what @ {w} does. explain it."]),
                        context, rng)
        return chat("explain", question, tell(f"@ {name} is {meaning}. {example}.", context, rng),
                    system="You explain things to children." if rng.chance(0.25) else None)

    def _why(self):
        rng = self.rng
        cause, effect = rng.choice(papers.CAUSES)
        context = {"p": rng.choice(self.world.people), "q": rng.choice(self.world.people), "c": cause, "e": effect,
                   "place": rng.choice(words.PLACES)}
        question = tell(rng.choice(["{p} saw at {place} that {e}. what could be the reason?",
                                    "at {place}, {c}. {p} noticed that {e}. explain the connection.",
                                    "why might it be that {e}? {p} wants to know.",
                                    "explain to {p} why {e} when {c}."]), context, rng)
        reply = tell(rng.choice(["{e_}, because {c}. had it been otherwise, {p} would not have noticed anything.",
                                 "the reason is probably this: {c}. that is why {e}.",
                                 "one thing led to the other: first {c}, and therefore {e}.",
                                 "{e_} because {c}. {p} can prevent it next time."]),
                     {**context, "e_": effect}, rng)
        return chat("explain", question, reply)

    def _calendar_rule(self):
        rng = self.rng
        day, month = rng.between(9, words.MONTH_DAYS), rng.choice(words.MONTHS)
        p = rng.choice(self.world.people)
        weekday = papers.weekday(day)
        question = rng.choice([f"{p} says that the {words.nth(day)} of {month} is a {weekday}. Why?",
                               f"Explain to {p} how to find the weekday of the {words.nth(day)} of {month}."])
        weeks, rest = divmod(day - 1, 7)
        reply = (f"Every month begins on a Monday. The {words.nth(day)} comes {day - 1} days after the first. "
                 f"{day - 1} days are {words.counted(weeks, 'week')} and {words.counted(rest, 'day')}, "
                 f"so the {words.nth(day)} of {month} is a {weekday}.")
        return chat("explain", question, reply)

    # Commands on given words.

    def command(self):
        rng = self.rng
        people = [str(person) for person in rng.sample(self.world.people, rng.between(3, 6))]
        things = [str(item) for item in words.items(rng, rng.between(3, 6))]
        many = rng.choice([people, things])
        text = ", ".join(many)
        word = rng.choice(words.OBJECTS + words.BEASTS)
        days = rng.between(2, 4)
        place, person = rng.choice(words.PLACES), rng.choice(self.world.people)
        task, reply = rng.choice([
            (f"Put these in the order of the alphabet: {text}.", ", ".join(sorted(many))),
            (f"Write these in the opposite order: {text}.", ", ".join(reversed(many))),
            (f"Which is the last of these? {text}", many[-1]), (f"Name the first of these: {text}.", many[0]),
            (f"Write in capital letters: {word} of {person}", f"{word} of {person}".upper()),
            (f"Repeat {NUMBERS[days]} times, with spaces between: {word}", " ".join([word] * days)),
            (f"Count these and say the number: {text}.", str(len(many))),
            (f"Spell the word \"{word.split()[0]}\" with hyphens.", "-".join(word.split()[0])),
            (f"Leave out {many[1]}: {text}.", ", ".join(many[:1] + many[2:])),
            (f"Write one sentence about {person} and {article(things[0])}.", self._sentence(person, things[0])),
            (f"Greet {person} and ask the way to {place}.",
             f"Good day, {person}! Could you tell me the way to {place}?"),
            (f"Write an invitation from {person} to {people[0]}, for supper.", finish(tell(
                "dear {q}, will you come to supper on {day}? there will be {food} and {drink}. your {p}",
                {"q": people[0], "p": person}, rng))),
            (f"Join these with \"and\": {text}.", " and ".join(many)),
            (f"Replace \"{many[0]}\" by \"{word}\": {text}", ", ".join([word] + many[1:])),
        ])
        return chat("command", rng.choice(["", "", "", "Please do this. ", "A task: "]) + task, reply,
                    system=rng.choice(["Do what is asked, and write nothing else.", "You carry out commands exactly."])
                    if rng.chance(0.3) else None)

    def _sentence(self, person, thing):
        return tell(self.rng.choice(["{hour}, {p} found @ {o} {where}.", "{p} carried @ {o} to {place} and sat down.",
                                     "because of @ {o}, {p} came late to {place}.",
                                          "nobody but {p} could mend @ {o}."]), {"p": person, "o": thing}, self.rng)

    # Correcting: one mistake in a sentence.

    def correct(self):
        rng = self.rng
        person, other = rng.sample(self.world.people, 2)
        context = {"p": person, "q": other, "o": words.Item(rng),
                   "b": words.Item(rng, words.BEASTS, words.BEAST_ADJECTIVES)}
        right_template, wrong_template = rng.choice(MISTAKES)
        fixed = {"where": raw("{where}", {}, rng), "place": rng.choice(words.PLACES),
                 "hour": rng.choice(LEXICON["hour"]), "day": rng.choice(words.DAYS),
                 "food": rng.choice(words.FOODS), "n": rng.choice(NUMBERS[3:12]), "g": rng.choice(words.GOODS)[1]}
        context.update(fixed)
        right, wrong = tell(right_template, context, rng), tell(wrong_template, context, rng)
        if rng.chance(0.2):
            wrong = wrong[0].lower() + wrong[1:]
        request = rng.choice(["Correct the sentence: ", "Find the mistake and write the sentence correctly: ",
                              "Please correct: ", "What is the right form of this sentence? ",
                              "Mend this sentence: ", "There is a mistake here. Write it without the mistake: "])
        return chat("correct", request + wrong, right,
                    system="You correct texts. Write only the corrected text." if rng.chance(0.3) else None)

    # Tiny programs in Python, with what they give.

    def code(self):
        rng = self.rng
        n, m = rng.between(2, 20), rng.between(2, 9)
        names = [str(person) for person in rng.sample(self.world.people, 3)]
        word = rng.choice(words.OBJECTS).split()[0]
        functions = [
            (f"adds {n} to a number", f"def add_{n}(x):\n    return x + {n}"),
            (f"multiplies a number by {n}", f"def times_{n}(x):\n    return x * {n}"),
            (f"subtracts {n} from a number", f"def less_{n}(x):\n    return x - {n}"),
            (f"says whether a number is greater than {n}", f"def above_{n}(x):\n    return x > {n}"),
            (f"says whether a number can be divided by {m}", f"def divides_{m}(x):\n    return x % {m} == 0"),
            (f"gives the first {m} letters of a word", f"def first_{m}(word):\n    return word[:{m}]"),
            (f"repeats a word {m} times", f"def repeat_{m}(word):\n    return word * {m}"),
            (f"puts the word {word} before a text", f"def with_{word}(text):\n    return \"{word} \" + text"),
            (f"says whether a text begins with {word}",
             f"def begins_{word}(text):\n    return text.startswith(\"{word}\")"),
            (f"gives the price of x {word}s at {n} pennies each", f"def price(x):\n    return x * {n}"),
        ]
        what, program = rng.choice(functions)
        a, b = rng.between(2, 30), rng.between(2, 12)
        outputs = [(f"print({a} + {b})", a + b), (f"print({a} * {b})", a * b),
                   (f"print(len(\"{names[0]}\"))", len(names[0])), (f"print(\"{names[0]}\".upper())", names[0].upper()),
                   (f"print({json.dumps(names)}[{b % 3}])", names[b % 3]),
                   (f"print(sorted({json.dumps(names)})[0])", sorted(names)[0]),
                   (f"print(\"-\".join({json.dumps(names[:2])}))", "-".join(names[:2])), (f"print({a} > {b})", a > b),
                   (f"print(\"{word}\"[::-1])", word[::-1]),
                   (f"print(sum([{a}, {b}, {n}]))", a + b + n), (f"print(max({a}, {b}, {n}))", max(a, b, n)),
                   (f"for i in range({b % 4 + 2}):\n    print(i * {m})",
                    "\n".join(str(i * m) for i in range(b % 4 + 2)))]
        line, output = rng.choice(outputs)
        if rng.chance(0.5):
            request = rng.choice(["Write a Python function that ", "In Python, write a function that ",
                                  "I need a small Python function that "]) + what + "."
            return chat("code", request, program, system="You write short Python code and nothing else."
                        if rng.chance(0.3) else None)
        return chat("code", rng.choice(["What does this print?", "What is the output of this program?",
                                        "Say what this Python code prints."]) + "\n" + line, str(output))

    # Reasoning in steps.

    def reason(self):
        rng = self.rng
        problem, steps, result = rng.choice([self._shopping, self._giving, self._travel, self._sharing, self._syllogism,
                                             self._older])()
        request = rng.choice(["", "", "Think step by step. ", "Solve this in steps. ",
                              "Show how you get there. "]) + problem
        numbered = rng.chance(0.4)
        lines = [f"Step {i + 1}: {step}" if numbered else step for i, step in enumerate(steps)]
        reply = ("\n" if numbered else " ").join(lines + [f"Answer: {result}"])
        return chat("reason", request, reply, system=rng.choice(NUMERIC) if rng.chance(0.2) else None)

    def _shopping(self):
        rng, p = self.rng, self.rng.choice(self.world.people)
        (_, a), (_, b) = rng.sample(words.GOODS, 2)
        x, y, u, v = rng.between(2, 9), rng.between(2, 9), rng.between(2, 9), rng.between(2, 9)
        return (f"{p} buys {x} {a} at {pennies(u)} each and {y} {b} at {pennies(v)} each. How much does {p.she} pay?",
                [f"The {a} cost {x} times {u}, which is {x * u}.", f"The {b} cost {y} times {v}, which is {y * v}.",
                 f"{x * u} and {y * v} make {x * u + y * v}."], pennies(x * u + y * v))

    def _giving(self):
        rng = self.rng
        p, q, r = rng.sample(self.world.people, 3)
        _, goods = rng.choice(words.GOODS)
        n, x, y = rng.between(10, 60), rng.between(2, 9), rng.between(2, 20)
        return (f"{p} has {n} {goods}. {p.she.capitalize()} gives {x} to {q} and gets {y} from {r}. How many {goods} "
                f"does {p} have now?",
                [f"{p} begins with {n} {goods}.", f"After giving {x} to {q}, {p.she} has {n} - {x} = {n - x}.",
                 f"With {y} from {r}, that is {n - x} + {y} = {n - x + y}."], f"{n - x + y} {goods}")

    def _travel(self):
        rng = self.rng
        a, b, c = rng.sample(self.world.towns, 3)
        p, start = rng.choice(self.world.people), rng.between(24, 72) * 15
        x, y = rng.between(2, 18) * 5, rng.between(2, 18) * 5
        return (f"{p} leaves {a} at {papers.clock(start)}. The way to {b} takes {x} minutes, and from there to {c} "
                f"another {y} minutes. When is {p.she} in {c}?",
                [f"Both ways together take {x} + {y} = {x + y} minutes.",
                 f"{papers.clock(start)} and {x + y} minutes is {papers.clock(start + x + y)}."],
                papers.clock(start + x + y))

    def _sharing(self):
        rng = self.rng
        people = rng.sample(self.world.people, rng.between(3, 5))
        k, each = len(people), rng.between(2, 12)
        extra = rng.between(0, k - 1)
        _, goods = rng.choice(words.GOODS)
        total = k * each + extra
        return (f"{series(people)} share {total} {goods} fairly. How many does each get, and how many are left?",
                [f"There are {k} people.", f"{k} times {each} is {k * each}.", f"{total} - {k * each} = {extra}."],
                f"{each} each, {extra} left")

    def _syllogism(self):
        rng = self.rng
        first, second = rng.sample(self.world.animals, 2)
        (group, does), name = rng.choice(papers.GROUPS), rng.choice(papers.ANIMAL_NAMES)
        p = rng.choice(self.world.people)
        if rng.chance(0.5):
            return (finish(tell("all {x}s are {g}, and all {g} are liked by {p}. {n} is @ {x}. does {p} like {n}?",
                                {"x": first, "g": group, "p": p, "n": name}, rng)),
                    [finish(tell("{n} is @ {x}.", {"n": name, "x": first}, rng)),
                     f"All {first}s are {group}, so {name} is one of the {group}.", f"{p} likes all {group}."], "yes")
        return (finish(tell("no {x} is one of the {g}. {n}, which {p} has seen, is one of the {g}. can {n} be @ {x}?",
                            {"x": second, "g": group, "p": p, "n": name}, rng)),
                [f"{name} is one of the {group}.", f"No {second} is one of the {group}.",
                 finish(tell("so {n} cannot be @ {x}.", {"n": name, "x": second}, rng))], "no")

    def _older(self):
        rng = self.rng
        a, b, c = rng.sample(self.world.people, 3)
        n, x, y = rng.between(20, 50), rng.between(2, 9), rng.between(2, 9)
        return (f"{a} is {n} years old. {b} is {x} years older than {a}, and {c} is {y} years younger than {b}. How "
                f"old is {c}?",
                [f"{b} is {n} + {x} = {n + x}.", f"{c} is {n + x} - {y} = {n + x - y}."], f"{n + x - y} years")

    # A given format.

    def format(self):
        rng = self.rng
        roll = rng.below(6)
        if roll < 2:
            return self._facts_as_format()
        people = rng.sample(self.world.people, rng.between(2, 4))
        counts = [rng.between(1, 40) for _ in people]
        _, goods = rng.choice(words.GOODS)
        text = series(f"{person} has {count} {goods}" for person,
                      count in zip(people, counts)).replace(f"has 1 {goods}", f"has 1 of the {goods}") + "."
        if roll == 2:
            return chat("format", f"Write as JSON, with the names as keys: {text}",
                        json.dumps({str(p): c for p, c in zip(people, counts)}))
        if roll == 3:
            return chat("format", f"Write as CSV with the header name,{goods.replace(' ', '_')}: {text}",
                        f"name,{goods}\n" + "\n".join(f"{p},{c}" for p, c in zip(people, counts)))
        if roll == 4:
            items = [str(item) for item in words.items(rng, rng.between(3, 5))]
            return chat("format", f"Write as a list with {rng.choice(['hyphens', 'hyphens, one thing a line'])}: "
                                  f"{series(items)}.", "\n".join("- " + item for item in items))
        a, b = rng.between(2, 60), rng.between(2, 60)
        return chat("format", f"Answer yes or no, in one word: does {people[0]}, with {a} {goods}, have more than "
                              f"{people[1]}, with {b}?", "yes" if a > b else "no")

    def _facts_as_format(self):
        rng = self.rng
        fact = self.pick()
        if rng.chance(0.5):
            wish = rng.choice(["Answer in JSON with the key answer.", "Give the answer as JSON, key: answer."])
            return chat("format", f"{fact.question(rng)} {wish}", json.dumps({"answer": fact.answer()}))
        if " " not in fact.answer():
            return chat("format", f"{fact.question(rng)} {rng.choice(['Answer in one word.', 'One word, please.'])}",
                        fact.answer())
        wish = rng.choice(["Write only the answer, in square brackets.",
                           "Put nothing but the answer in square brackets."])
        return chat("format", f"{fact.question(rng)} {wish}", f"[{fact.answer()}]")


MEANINGS = {
    "ferry": ("a boat that carries people and carts across the water",
              "one pays a few pennies and is on the other side"),
    "kettle": ("a pot with a spout in which water is boiled", "with it one makes tea"),
    "lock": ("a chamber with two gates that lifts boats to a higher stretch of river",
             "first one gate opens, then the other"),
    "orchard": ("a garden of fruit trees", "apples, pears and plums grow there"),
    "quarry": ("a place where stone is broken out of the ground", "many walls of the valley come from one"),
    "compass": ("a tool with a needle that points north", "with it one finds the way in fog"),
    "diary": ("a book in which one writes down what happened each day", "some people keep it all their lives"),
    "recipe": ("a plan for making a dish", "it says what is needed and what to do first"),
    "timetable": ("a list of the hours at which boats or coaches leave", "whoever reads it need not wait long"),
    "riddle": ("a question that hides its answer", "one has to think around the corner"),
    "harbour": ("a sheltered place where boats can lie", "there they are safe from storms"),
    "smithy": ("a workshop where iron is heated and hammered", "nails, knives and horseshoes come from it"),
    "sundial": ("a clock that shows the hour by a shadow", "on cloudy days it shows nothing"),
    "loom": ("a frame on which cloth is woven", "threads go over and under each other"),
    "lantern": ("a lamp with a handle and glass walls", "the wind cannot blow it out"),
    "umbrella": ("a roof of cloth on a stick", "it keeps the rain off and folds up"),
    "flute": ("a pipe with holes that sings when one blows into it", "each hole gives another note"),
    "barrel": ("a round vessel made of bent boards and iron rings", "it holds water, apples or fish"),
}
# Right and wrong.
MISTAKES = [
    ("{p} has @ {o}.", "{p} have @ {o}."), ("{p} and {q} were at {place}.", "{p} and {q} was at {place}."),
    ("yesterday {p} went to {place} with {q}.", "yesterday {p} go to {place} with {q}."),
    ("{p} saw @ {b} {where}.", "{p} seen @ {b} {where}."),
    ("{q} bought {n} {g} on {day}.", "{q} buyed {n} {g} on {day}."),
    ("{p} ate {food} {hour}.", "{p} eated {food} {hour}."),
    ("there are {n} {g} in the {o}.", "there is {n} {g} in the {o}."),
    ("{p} does not like the {b}.", "{p} do not like the {b}."),
    ("{q} gave the {o} to {p}.", "{q} gived the {o} to {p}."),
    ("{p} lost {p.her} {o} and found it again.", "{p} lost {p.her} {o} and finded it again."),
    ("the {o} of {q} is {where}.", "the {o} of {q} are {where}."),
    ("{p} is taller than {q}.", "{p} is more taller than {q}."),
    ("on {day}, {q} brought @ {o}.", "on {day}, {q} bringed @ {o}."),
    ("{p} can swim to {place}.", "{p} can to swim to {place}."),
    ("{p} took {p.her} {o} and left.", "{p} taked {p.her} {o} and left."),
    ("{q} has never been to {place}.", "{q} has never be to {place}."),
    ("the {b} ran after {p}.", "the the {b} ran after {p}."),
    ("where did {q} put the {o}?", "where did {q} putted the {o}?"),
    ("{p} knows that {q} is at {place}.", "{p} knows that {q} are at {place}."),
    ("the {b} and the {o} belong to {q}.", "the {b} and the {o} belongs to {q}."),
    ("{p} thought of {q} and laughed.", "{p} thinked of {q} and laughed."),
    ("it is @ {o}, and it is {n} years old.", "it are @ {o}, and it is {n} years old."),
    ("{q} wants to go to {place} with me.", "{q} wants to go to {place} with I."),
    ("{p} told {q} about the {b}.", "{p} telled {q} about the {b}."),
]


def hides(facts):
    """A function that says whether a text tells a hidden fact: it names the entity and the value."""
    hidden = {}
    for fact in facts.all:
        if fact.hidden:
            hidden.setdefault(fact.entity.name.lower(), []).append(fact.value.lower())

    def tells(text):
        text = text.lower()
        return any(value in text for name, values in hidden.items() if name in text for value in values)
    return tells


def text_of(item):
    return "\n".join(message["content"] for message in item["messages"])


def make(seed, part, world, facts, count, seen):
    """`count` chats, the kinds in turn; training has no text that tells a hidden fact, and none is in `seen`."""
    rng = Rng(seed, "instructions", part)
    source = Instructions(rng, world, facts, ["train"] if part == "train" else ["heldout"])
    tells = hides(facts)
    chats = []
    while len(chats) < count:
        kind = KINDS[len(chats) % len(KINDS)]
        item = source.make(kind)
        text = text_of(item)
        if text in seen or (part == "train" and tells(text)):
            continue
        seen.add(text)
        chats.append(item)
        facts.use(source.picked, f"instructions/{part}.jsonl")
    return rng.shuffled(chats)


def questions(seed, facts):
    """Every training fact asked for in each of its wordings, each time with a wish for a short answer."""
    rng, tells, chats = Rng(seed, "questions"), hides(facts), []
    for fact in facts.split("train"):
        for template in fact.attribute.questions:
            question, wish = tell(template, fact.context(), rng), rng.choice(SHORT)
            item = chat("answer", rng.choice([f"{wish} {question}", f"{question} {wish}"]), fact.answer())
            if not tells(text_of(item)):
                chats.append(item)
                facts.use([fact], "instructions/questions.jsonl")
    return rng.shuffled(chats)
