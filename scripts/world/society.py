"""Who and what there is: towns, families, animals, plants, famous things and shops, all drawn from the seed."""
from . import words
from .grammar import Rng

COUPLES, TOWNS, ANIMALS, PLANTS, THINGS, SHOPS, RIVERS = 62, 24, 32, 28, 32, 34, 9

_BEGIN = "B Br D Dr F G Gr H J K L M N P R S St T Tr V W Th Sh Kl Fl".split()
_VOWEL = "a e i o u ae ei".split()
_MIDDLE = "l r n m d v s nn ll rr st nd lm rv ld rn".split()
_ENDS = {"f": "a ia ena ina eth elle i wen issa ora ula ana".split(),
         "m": "an or in o us ek am ard ulf ett is ok".split(),
         "family": "ock ell and ish orn eck ow amar ulin ost etter aby enson owan".split(),
         "town": "ford ham wick mere stead ton dale port bury haven holm moor".split(),
         "river": "en a und el ow ath ir".split(),
         "animal": "ek ot um ibar olin anka ubel ipper addle orrow".split(),
         "plant": "wort bell leaf mint root bloom thistle weed grass fern".split()}
_FORMS = {"f": "she her her hers herself woman girl daughter sister wife mother",
          "m": "he his him his himself man boy son brother husband father"}
_FORM_NAMES = "she her him hers selves adult child_word son_word brother_word wife_word mother_word"
_FORMS = {gender: dict(zip(_FORM_NAMES.split(), text.split())) for gender, text in _FORMS.items()}


class Thing:
    """Anything with a name; its attributes are what the facts are made of."""

    def __init__(self, name, **attributes):
        self.name = name
        self.__dict__.update(attributes)

    def __str__(self):
        return self.name


class Person(Thing):
    """Also the pronouns: {p} walks, {p.she} walks, {p.her} hat, gave {p.o} or {p.him} a hat."""

    def __init__(self, name, family, gender, town, grown):
        super().__init__(name, family=family, gender=gender, town=town, grown=grown, spouse=None, mother=None,
                         father=None,
                         children=[], **_FORMS[gender])
        self.full = f"{name} {family}"
        self.o, self.was, self.they = name, "was", "they"
        self.child = self.adult if grown else self.child_word


class Teller(Thing):
    """A person who tells a story: {p} is "I"."""

    def __init__(self, person):
        super().__init__("I", she="I", her="my", him="me", hers="mine", selves="myself", o="me", was="was", they="we",
                         person=person, town=person.town, full="I", family=person.family, gender=person.gender,
                         grown=person.grown, child=person.child)


class Names:
    """Invented names; no two of a world are equal, and none begins with another (so texts can be searched for them)."""

    def __init__(self, rng):
        self.rng = rng
        self.used = set()

    def make(self, kind):
        rng = self.rng
        while True:
            name = rng.choice(_BEGIN) + rng.choice(_VOWEL)
            if kind in ("f", "m", "family", "animal") and rng.chance(0.55):
                name += rng.choice(_MIDDLE)
            elif kind == "town":
                name += rng.choice(["l", "r", "n", "s", "d", "rn", "ll", "m"])
            else:
                name += rng.choice("lrnmdvk")
            name += rng.choice(_ENDS[kind])
            stem = name.lower()
            if 4 <= len(name) <= 10 and not any(stem.startswith(u) or u.startswith(stem) for u in self.used):
                self.used.add(stem)
                return name


class World:
    def __init__(self, seed):
        rng = self.rng = Rng(seed, "society")
        self.names = Names(rng)
        self.rivers = [self.names.make("river") for _ in range(RIVERS)]
        self.towns = self._towns()
        self.people = []
        for index in range(COUPLES):
            self._family(self.towns[index % TOWNS])
        for person in self.people:
            self._tastes(person)
        self.grown = [person for person in self.people if person.grown]
        self.children = [person for person in self.people if not person.grown]
        self.animals = self._animals()
        self.plants = self._plants()
        self.things = self._things()
        self.shops = self._shops()

    def _spread(self, values, count):
        """Values for `count` entities, each value about as often."""
        values = self.rng.shuffled(values)
        return self.rng.shuffled([values[i % len(values)] for i in range(count)])

    def _towns(self):
        columns = [self._spread(values, TOWNS) for values in
                   (self.rivers, words.CRAFTS, words.DAYS, words.LANDMARKS, words.MONTHS)]
        return [Thing(self.names.make("town"), river=river, craft=craft, market=day, landmark=landmark, feast=month)
                for river, craft, day, landmark, month in zip(*columns)]

    def _family(self, town):
        family = self.names.make("family")
        wife = Person(self.names.make("f"), family, "f", town, True)
        husband = Person(self.names.make("m"), family, "m", town, True)
        wife.spouse, husband.spouse = husband, wife
        members = [wife, husband]
        for _ in range(self.rng.choice([1, 2, 2, 2, 3])):
            gender = self.rng.choice("fm")
            child = Person(self.names.make(gender), family, gender, town, False)
            child.mother, child.father = wife, husband
            members.append(child)
        wife.children = husband.children = members[2:]
        self.people += members

    def _tastes(self, person):
        rng = self.rng
        person.food, person.drink = rng.choice(words.FOODS), rng.choice(words.DRINKS)
        person.hobby = rng.choice(words.HOBBIES)
        person.pet, person.birthday = rng.choice(words.PETS), rng.choice(words.MONTHS)
        person.job = rng.choice(words.JOBS) if person.grown else "pupil"

    def _animals(self):
        columns = [self._spread(values, ANIMALS) for values in
                   (words.HABITATS, words.DIETS, words.COATS, words.SOUNDS, words.SLEEPS)]
        return [Thing(self.names.make("animal").lower(), habitat=a, diet=b, coat=c, sound=d, sleep=e)
                for a, b, c, d, e in zip(*columns)]

    def _plants(self):
        columns = [self._spread(values, PLANTS) for values in (words.BLOOMS, words.USES, words.GROUNDS, words.MONTHS)]
        return [Thing(self.names.make("plant").lower(), bloom=a, use=b, ground=c, month=d) for a, b, c,
                d in zip(*columns)]

    def _things(self):
        kinds = words.words("Bell, Cup, Crown, Lantern, Mask, Clock, Key, Chair, Drum, Anchor, Book, Bowl, Comb, "
                            "Shield, Horn, Mirror")
        columns = [self._spread(kinds, THINGS), self._spread(self.towns, THINGS), self._spread(words.MATERIALS, THINGS),
                   self._spread(words.ROOMS, THINGS)]
        makers, finders = self.rng.shuffled(self.grown), self.rng.shuffled(self.people)
        things = {}
        for index, (kind, town, material, room) in enumerate(zip(*columns)):
            while f"the {kind} of {town}" in things:
                town = self.rng.choice(self.towns)
            things[f"the {kind} of {town}"] = Thing(f"the {kind} of {town}", kind=kind.lower(), town=town,
                                                    material=material,
                                                    room=room, maker=makers[index], finder=finders[index])
        return list(things.values())

    def _shops(self):
        firsts = words.words("Copper, Blue, Merry, Little, Silver, Crooked, Old, Lucky, Golden, Green, Sleepy, Red")
        seconds = words.words("Kettle, Goose, Lantern, Thimble, Ladder, Pear, Anchor, Owl, Wheel, Spoon, Bucket, Candle")
        pairs = self.rng.sample([f"the {a} {b}" for a in firsts for b in seconds], SHOPS)
        columns = [self._spread(words.WARES, SHOPS), self._spread(self.towns, SHOPS), self._spread(words.DAYS, SHOPS)]
        owners = self.rng.shuffled(self.grown)
        return [Thing(name, wares=wares, town=town, closed=day, owner=owner)
                for name, wares, town, day, owner in zip(pairs, *columns, owners)]


def family_of(person):
    """Parents and children of a person's household."""
    if person.grown:
        return [person, person.spouse] + person.children
    return [person.mother, person.father] + person.mother.children
