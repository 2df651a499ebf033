"""Texts that tell facts: notes about people, towns, animals, plants, things and shops; talks and riddles about them."""
from . import words
from .grammar import LEXICON, finish, raw, series, tell
from .society import Person

LEXICON.update({
    "about_person": ["a few words about {e.full}.", "who is {e.full}?", "notes on the people of {e.town}: {e.full}.",
                     "let me tell you about {e.full} of {e.town}.",
                     "from the town book of {e.town}, page {page}: {e.full}.",
                     "today our newspaper visits {e.full} in {e.town}.", "portrait of @ {e.child}: {e.full}.",
                     "my {kin} asked me what I know of {e.full}. this is what I wrote."],
    "about_town": ["a visit to {e}.", "what to see in {e}.", "{e}, a town on the water.",
                   "from a guide for travellers: {e}.",
                   "when I came to {e} for the first time, it was {day}, and there was {sky}.",
                   "my {kin} comes from {e} and told me this."],
    "about_animal": ["the {e}.", "notes of a walker: the {e}.", "from the book of animals, page {page}: the {e}.",
                     "what children should know about the {e}.", "{hour} I saw @ {e} {where}. so I read about it.",
                     "{when}, somebody brought @ {e} to the school in {town}."],
    "about_plant": ["{e}.", "from the book of herbs, page {page}: {e}.", "have you ever picked {e}?",
                    "a leaf from a herb garden: {e}.",
                    "my {kin} dries {e} every year and told me this.", "{hour} I found some {e} {where}."],
    "about_thing": ["the story of {e}.", "among the treasures of the valley is {e}.",
                    "a guide in {town} tells the visitors this.",
                    "have you heard of {e}?", "question of the week in the newspaper: what is known about {e}?"],
    "about_shop": ["a good shop: {e}.", "shopping with my {kin}: {e}.",
                   "in the paper of {when_day}, there was a piece on {e}.",
                   "{when}, I needed {ware}, but first I came past {e}.", "from the list of shops, page {page}: {e}."],
    "when_day": ["{day}, the {nth} of {month}"],
    "link": ["", "", "", "", "", "also, ", "besides, ", "what is more, ", "and another thing: ", "I should add that ",
             "note that "],
    "close_person": ["{e} [was seen|was met] last {day} {where}, with @ {o} under {e.her} arm.",
                     "once {e} lent me @ {o}, and I have not given it back.",
                     "if you meet {e} {where}, [say hello from me|ask about the {o}].",
                     "on {day} {e} [sold|gave away|lost|painted] @ {o}.",
                     "{e} and {friend} [often meet|like to talk|were once lost] {where}."],
    "close_other": ["so it was told to me by {friend} {where}.",
                    "{friend}, the {friend.job}, [told|taught] me that in {month}.",
                    "I wrote this down on {day}, while there was {sky}.", "{friend} from {friend.town} says the same.",
                    "that is all I know, except that {friend} once lost @ {o} there.",
                    "last {month} {friend} made a drawing of it."],
})


def kind_of(entity):
    if isinstance(entity, Person):
        return "person"
    for attribute, kind in (("craft", "town"), ("coat", "animal"), ("bloom", "plant"), ("finder", "thing"),
                            ("wares", "shop")):
        if hasattr(entity, attribute):
            return kind
    raise TypeError(entity)


class Notes:
    """Tells every fact in turn, each time in its next wording, so that each is told about equally often."""

    def __init__(self, rng, world, facts):
        self.rng, self.world, self.facts = rng, world, facts
        self.told = {fact.id: 0 for fact in facts.all}
        self.first = {fact.id: rng.below(8) for fact in facts.all}
        self.queue = []
        self.proper = {str(word) for person in world.people for word in (person, person.family)}
        self.proper.update([str(town) for town in world.towns] + world.rivers + words.MONTHS + words.DAYS)
        self.proper = {word.rstrip(",:'s") for word in self.proper}

    def _context(self, entity):
        rng = self.rng
        return {"e": entity, "page": rng.between(2, 300), "town": rng.choice(self.world.towns),
                "friend": rng.choice(self.world.grown),
                "o": words.Item(rng), "p": rng.choice(self.world.people)}

    def _least_told(self, facts, count):
        return sorted(self.rng.shuffled(facts), key=lambda fact: self.told[fact.id])[:count]

    def sentence(self, fact):
        self.told[fact.id] += 1
        return fact.sentence(self.rng, self.first[fact.id] + self.told[fact.id])

    def _linked(self, link, sentence):
        """A sentence after words that link it to the one before; its first letter gets small, unless it begins a name."""
        if not link or sentence[0] == '"' or sentence.startswith(_LED):
            return sentence
        if sentence.split()[0].rstrip(",:'s") not in self.proper and not sentence.startswith("I "):
            sentence = sentence[0].lower() + sentence[1:]
        return link + sentence

    def note(self):
        if not self.queue:
            self.queue = self.rng.shuffled(self.facts.of)
        return self.about(self.facts.of[self.queue.pop()])

    def about(self, facts):
        rng = self.rng
        entity = facts[0].entity
        kind, context = kind_of(entity), self._context(entity)
        chosen = self._least_told(facts, rng.between(4, 6))
        lines = [tell(f"{{about_{kind}}}", context, rng)]
        for index, fact in enumerate(rng.shuffled(chosen)):
            lines.append(self._linked(rng.choice(LEXICON["link"]) if index else "", self.sentence(fact)))
        if rng.chance(0.6):
            lines.append(tell("{close_person}" if kind == "person" else "{close_other}", context, rng))
        return finish(" ".join(lines))

    def register(self):
        """Entries of a book: an entity a line, its facts in few words."""
        rng = self.rng
        kind = kind_of(self.facts.of[rng.choice(list(self.facts.of))][0].entity)
        of_kind = [name for name in self.facts.of if kind_of(self.facts.of[name][0].entity) == kind]
        names = sorted(rng.shuffled(of_kind), key=self._times_told)[:rng.between(3, 4)]
        context = {**self._context(self.facts.of[names[0]][0].entity), "kind": _REGISTER_OF[kind]}
        return "\n".join([tell(rng.choice(_REGISTER_BEGIN), context, rng)] + [self._entry(name) for name in names])

    def _times_told(self, name):
        facts = self.facts.of[name]
        return sum(self.told[fact.id] for fact in facts) / len(facts)

    def _entry(self, name):
        rng = self.rng
        parts = []
        for fact in rng.shuffled(self._least_told(self.facts.of[name], rng.between(4, 6))):
            self.told[fact.id] += 1
            parts.append(raw(rng.choice(_REGISTER[fact.attribute.name]), fact.context(), rng))
        entity = self.facts.of[name][0].entity
        return finish(f"{entity.full if isinstance(entity, Person) else entity}: {', '.join(parts)}.")

    def index(self):
        """A page of an index: what is told, of whom, and what it is; of one attribute or of many. The answers stand behind a colon
        or in lines of their own, as they do in chats: a word that begins a line is another token than one behind a space."""
        rng = self.rng
        facts = self.facts.all
        if rng.chance(0.5):
            attribute = rng.choice(facts).attribute
            facts = [fact for fact in facts if fact.attribute is attribute]
        lines = [finish(tell(rng.choice(_INDEX_BEGIN), self._context(facts[0].entity), rng))]
        link = rng.choice([": ", "?\n"])
        for fact in self._least_told(facts, rng.between(6, 10)):
            self.told[fact.id] += 1
            lines.append(self._heading(fact) + link + fact.answer())
        return "\n".join(lines)

    def _heading(self, fact):
        entity = fact.entity
        name = {"person": getattr(entity, "full", ""), "animal": f"the {entity}"}.get(kind_of(entity), str(entity))
        return finish(raw(self.rng.choice(_INDEX[fact.attribute.name]), fact.context(), self.rng) + " of " + name)

    def talk(self):
        """Two people ask and tell each other facts."""
        rng = self.rng
        first, second = rng.sample(self.world.people, 2)
        entities = rng.sample(list(self.facts.of), 2)
        context = {"a": first, "b": second, "o": words.Item(rng)}
        lines = [tell(rng.choice(_TALK_BEGIN), context, rng)]
        for name in entities:
            for fact in self._least_told(self.facts.of[name], 2):
                lines.append(f'{first}: {self._question(fact)}')
                lines.append(f'{second}: {tell(rng.choice(_TALK_WORD), {**context, "a": first, "b": second}, rng)} '
                             f'{self._plain(fact)}'.replace("  ", " "))
                first, second = (second, first) if rng.chance(0.3) else (first, second)
        lines.append(tell(rng.choice(_TALK_END), {**context, "a": first, "b": second}, rng))
        return "\n".join(lines)

    def _question(self, fact):
        """The exam's questions are not asked in the corpus, in these words."""
        if fact.split == "train":
            return fact.question(self.rng)
        name = f"the {fact.entity}" if kind_of(fact.entity) == "animal" else str(fact.entity)
        return tell(self.rng.choice(_TALK_OPEN), {"e": name}, self.rng)

    def _plain(self, fact):
        while True:
            sentence = self.sentence(fact)
            if '"' not in sentence:
                return sentence

    def riddle(self):
        """Hints, then who or what it is."""
        rng = self.rng
        name = rng.choice(list(self.facts.of))
        facts = rng.shuffled(self.facts.of[name])[:3]
        kind = kind_of(facts[0].entity)
        asker, guesser = rng.sample(self.world.people, 2)
        hints = [tell(rng.choice(_RIDDLE[fact.attribute.name]), {**fact.context(), "e": facts[0].entity}, rng)
                 for fact in facts]
        context = {"a": asker, "b": guesser, "n": name}
        if kind == "animal":
            context["n"] = "the " + name
        return finish(tell(rng.choice(_RIDDLE_BEGIN), context, rng) + " " + " ".join(hints) + " " +
                      tell(rng.choice(_RIDDLE_END), context, rng))

    def family(self):
        """A family tree in words; what follows from it is told, too."""
        rng = self.rng
        mother = rng.choice([person for person in self.world.grown if person.gender == "f"])
        father, children = mother.spouse, mother.children
        context = {"m": mother, "f": father, "c": series(children), "n": words.NUMBERS[len(children)], "t": mother.town,
                   "s": "child" if len(children) == 1 else "children", "h": rng.choice(words.LANDMARKS)}
        lines = [tell(rng.choice(_FAMILY_BEGIN), context, rng)]
        for child in children:
            lines.append(tell(rng.choice(_FAMILY_CHILD), {**context, "x": child}, rng))
        for child in children:
            for other in children[children.index(child) + 1:]:
                lines.append(tell("[so|therefore|that means that|hence] {x} is the {x.brother_word} of {y}[, and {y} "
                                  "the {y.brother_word} of {x}|].",
                                  {"x": child, "y": other}, rng))
        grown = rng.choice([mother, father])
        lines.append(tell("[at table|on the family picture|in the boat|in the pew], {m} sits [next to|opposite] {f}, "
                          "and {g} [counts|looks at] "
                          "{n} {s}: {c}.", {**context, "g": grown}, rng))
        return finish(" ".join(lines))


# How sentences begin that have words of their own before them: see the rules "lead" and "say".
_LED = ("As ", "It is ", "Nobody doubts", "The neighbours will", "They say", "People say", "I have ", "If I",
        "By the way", "Old books", "The guide", "Strange", "Sad to",
        "Happily", "Luckily", "Curiously", "Of course")
_TALK_BEGIN = ["{a} and {b} sat {where} [and waited|and talked|with @ {o} between them].",
               "{a} met {b} {where}, {hour}.",
               "{when}, {b} was mending @ {o}, and {a} had many questions.",
               "at school, {a} had to ask and {b} to answer."]
_TALK_OPEN = ["what do you know about {e}?", "and what can you tell me about {e}?",
              "I have forgotten something about {e}. help me.", "now say something about {e}.",
              "{e}: what comes to your mind?", "I have to write about {e}. what shall I write?",
              "and {e}? is there anything else?"]
_TALK_WORD = ["", "", "", "that is easy.", "let me think.", "I know that one.", "good question, {a}.", "wait, {a}.",
              "well, {a}.",
              "you should know that, {a}.", "my {kin} told me."]
_TALK_END = ["{a}: Thank you, {b}. You know a lot about this, I see.",
             "{a}: Enough for today, {b}. Let us look for the {o}.", "then {b} took the {o} and went home.",
             "{a}: One day I will write all that down, {b}.",
             "{b} laughed, and {a} [wrote it down|drank some {drink}|went on to {place}].",
             "{a}: And where is the {o}?\n{b}: It is {where}, I think."]
_RIDDLE_BEGIN = ["\"guess who or what I mean,\" said {a} to {b}.", "{a} had a riddle for {b}.",
                 "a riddle that {a} asked {b} {where}.",
                 "riddle number {amount} in the notebook of {a}, which {b} had to solve."]
_RIDDLE_END = ["\"it must be {n},\" said {b}, and {a} [nodded|clapped|was surprised].",
               "{b} thought for {while} and said, \"{n}!\"",
               "the answer is {n}, and {b} [found it|guessed it] {hour}.",
               "\"I give up,\" said {b}. \"{n}, of course,\" said {a}."]
_FAMILY_BEGIN = ["{m} and {f} {f.family} of {t} have {n} {s}: {c}.",
                 "this is the family of {m} and {f} {f.family}, who live in {t}: {c}.",
                 "the {f.family} family lives in {t}. the parents are {m} and {f}; the {s}: {c}."]
_FAMILY_CHILD = ["{x} is @ {x.child}, so {m} and {f} have {x.him} as a {x.son_word}.",
                 "{x} is the {x.son_word} of {m} and {f}.",
                 "{x}'s mother is {m}, and {x.her} father is {f}.", "{m} is the mother of {x}, and {f} the father."]
_RIDDLE = {
    "job": ["my trade: {v}.", "I work as @ {v}.", "I am @ {v}."], "home": ["my home is in {v}.", "I live in {v}."],
    "spouse": ["{v} married me.", "I am married to {v}."], "mother": ["{v} is my mother.", "my mother is called {v}."],
    "father": ["my father is called {v}.", "{v} is my father."],
    "food": ["I love {v}.", "give me {v}, and I am happy."],
    "drink": ["in my cup is {v}.", "I like to drink {v}."], "hobby": ["I spend my evenings {v}.", "I like {v}."],
    "pet": ["@ {v} lives with me.", "I have @ {v}."], "birthday": ["I was born in {v}.", "in {v} I get presents."],
    "river": ["the {v} flows through me.", "I lie on the {v}."], "craft": ["my people make {v}.", "from me come {v}."],
    "market": ["on {v} my square is full.", "my market is on {v}."],
    "landmark": ["I have {v}.", "everyone comes to see {v}."],
    "feast": ["in {v} I hold my feast.", "my feast is in {v}."], "habitat": ["I live {v}.", "you find me {v}."],
    "diet": ["I eat {v}.", "my food is {v}."], "coat": ["my coat is {v}.", "I am {v} all over."],
    "sound": ["listen, this is how I call: it {v}.", "I am the one that {v}."],
    "sleep": ["I sleep {v}.", "{v} I close my eyes."], "bloom": ["my flowers are {v}.", "I bloom {v}."],
    "use": ["I am good for {v}.", "people want me for {v}."], "ground": ["I grow {v}.", "pick me {v}."],
    "month": ["{v} is when I bloom.", "I flower in {v}."],
    "material": ["I am made of {v}.", "of {v} I was made."], "room": ["I am kept {v}.", "{v} you can see me."],
    "maker": ["{v} made me.", "I was made by {v}."], "finder": ["{v} found me.", "I was lost until {v} found me."],
    "wares": ["I sell {v}.", "come to me for {v}."], "owner": ["{v} owns me.", "I belong to {v}."],
    "site": ["my door opens in {v}.", "I stand in {v}."], "closed": ["on {v} I am shut.", "do not come on {v}."],
}
_INDEX_BEGIN = ["from the index of the town book of {town}, page {page}.", "questions of the almanac, answered on {day}.",
                "answers to the puzzle of last {day}.", "index, page {page}.", "what {p} had to learn by heart for {day}."]
_INDEX = {
    "job": ["trade", "daily work", "occupation"], "home": ["home", "town", "home town"],
    "spouse": ["{e.spouse.wife_word}"], "mother": ["mother"], "father": ["father"],
    "food": ["favourite food", "favourite dish"], "drink": ["favourite drink", "usual drink"],
    "hobby": ["hobby", "free time", "pastime"], "pet": ["pet", "animal in the house"], "birthday": ["birthday", "month of birth"],
    "river": ["river"], "craft": ["goods", "famous goods"], "market": ["market day", "day of the market"],
    "landmark": ["landmark", "sight"], "feast": ["feast", "month of the feast"], "habitat": ["home", "place"],
    "diet": ["food"], "coat": ["colour", "coat"], "sound": ["call", "sound"], "sleep": ["hours of sleep", "sleep"],
    "bloom": ["colour of the flowers", "colour"], "use": ["use"], "ground": ["place", "ground"],
    "month": ["month", "month of the flowers"], "material": ["material"], "room": ["place", "room"],
    "maker": ["maker"], "finder": ["finder"], "wares": ["wares"], "owner": ["owner"], "site": ["town"],
    "closed": ["day of rest", "closed day"],
}
_REGISTER_BEGIN = ["from the book of {kind}, page {page}.", "{kind} of the valley, page {page} of the list.",
                   "a few lines on {kind}, written on {day}.", "the clerk of {town} keeps a list of {kind}. page {page}.",
                   "copied {hour} from the {o} book: {kind}."]
_REGISTER_OF = {"person": "people", "town": "towns", "animal": "animals", "plant": "herbs", "thing": "treasures",
                "shop": "shops"}
_REGISTER = {
    "job": ["@ {v} by trade", "trade: {v}", "works as @ {v}"], "home": ["of {v}", "home in {v}", "lives in {v}"],
    "spouse": ["married to {v}", "the {e.wife_word} of {v}", "{e.spouse.wife_word}: {v}"],
    "mother": ["mother: {v}", "the {e.son_word} of {v}"], "father": ["father: {v}", "the {e.son_word} of {v}"],
    "food": ["favourite food: {v}", "eats {v}", "likes {v} best of all dishes"],
    "drink": ["drinks {v}", "favourite drink: {v}", "in the cup: {v}"],
    "hobby": ["free time: {v}", "hobby: {v}", "loves {v}"], "pet": ["pet: @ {v}", "keeps @ {v}", "has @ {v}"],
    "birthday": ["born in {v}", "birthday in {v}", "birthday: {v}"],
    "river": ["on the {v}", "river: the {v}", "lies on the river {v}"],
    "craft": ["known for {v}", "makes {v}", "goods: {v}"],
    "market": ["market on {v}", "market day: {v}"], "landmark": ["landmark: {v}", "to be seen: {v}", "sight: {v}"],
    "feast": ["feast in {v}", "yearly feast: {v}"], "habitat": ["lives {v}", "found {v}", "home: {v}"],
    "diet": ["eats {v}", "food: {v}"], "coat": ["coat: {v}", "{v} all over", "colour: {v}"],
    "sound": ["{v}", "when it calls it {v}"], "sleep": ["sleeps {v}", "sleep: {v}"],
    "bloom": ["{v} flowers", "blooms {v}", "colour: {v}"], "use": ["good for {v}", "used for {v}", "use: {v}"],
    "ground": ["grows {v}", "to be picked {v}", "place: {v}"], "month": ["blooms in {v}", "flowers in {v}"],
    "material": ["made of {v}", "material: {v}"], "room": ["kept {v}", "to be seen {v}", "place: {v}"],
    "maker": ["made by {v}", "maker: {v}"], "finder": ["once lost and found by {v}", "found again by {v}", "finder: {v}"],
    "wares": ["sells {v}", "wares: {v}"], "owner": ["owner: {v}", "belongs to {v}"],
    "site": ["a shop in {v}", "in {v}", "town: {v}"], "closed": ["closed on {v}", "shut on {v}"],
}
