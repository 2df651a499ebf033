"""Facts: (entity, attribute) pairs with their value, how they are told and asked, and which stay out of training.

The test questions of the exam, and the held-out instructions and preferences, ask for facts that training instructions
and preferences never tell: only the corpus tells them.
"""
from dataclasses import dataclass, field

from .grammar import LEXICON, Rng, tell

DEV, VAL, TEST, HELDOUT = 5, 15, 52, 16       # facts of each subject


@dataclass
class Attribute:
    name: str
    subject: str        # of the exam
    value: str          # the value as an answer: with an article or without
    questions: list
    sentences: list


def _attribute(name, subject, questions, sentences, value="{v}"):
    return Attribute(name, subject, value, questions.strip().split("\n"),
                     [s.strip() for s in sentences.strip().split("\n")])


LEXICON.update({
    "E": ["{e}", "{e}", "{e.full}"],
    "lead": ["", "", "", "",
             "as [everyone|anybody|each neighbour|every child] [here|nearby|in the street|in {e.family_town}] knows, ",
             "[it is no secret that|it is well known that|nobody doubts that|the neighbours will tell you that] ",
             "[they say|people say|I have heard] that ",
             "if [I remember|I am told] rightly, ", "[by the way|as it happens|as for that], "],
    "say": ["", "", "", "",
            "[they say that|people say that|I have read that|old books say that|the guide says that|it is known that] ",
            "as [travellers|visitors|children|old maps|the almanacs] [tell|report|will tell you], ",
            "[strange as it sounds|sad to say|happily|luckily|curiously|of course], "],
})

ATTRIBUTES = [
    _attribute("job", "occupations", """What does {e.full} do for a living?
What is the occupation of {e.full}?
Which trade does {e.full} follow?""", """
        {lead}{E} [works as|earns {e.her} bread as|makes a living as] @ {v}[| and likes the work| and gets up early for it].
        {E} the {v} [never wastes a minute|is known for {e.her} patience|has [strong|quick|careful] hands|seldom takes a day off].
        {E} [became|learned to be] @ {v} [when {e.she} was [young|sixteen|eighteen|twenty]|after [school|a long journey|a hard winter]].
        whoever needs @ {v} [in {e.family_town}|round here|in that street] [should ask for|goes to|sends for] {E}.
        "I am @ {v}," {E} [tells|will tell] [strangers|everyone|visitors|anyone who asks], "and [I would not change it|it feeds us|it is honest work]."
        {lead}[the trade|the occupation|the daily work] of {E} is that of @ {v}.
        {e}, @ {v} [by trade|all {e.her} life], [hums at work|starts before sunrise|keeps {e.her} tools in order|teaches the young ones too]."""),
    _attribute("home", "homes", """In which town does {e.full} live?
Where is the home of {e.full}?
Which town does {e.full} live in?""", """
        {E} lives in {v}[, not far from [the river|{place}]| with {e.her} family|, and likes it there].
        the home of {E} [is|stands] in {v}[, close to {place}|, where the {river_word} is loud|].
        [letters|parcels|visitors] for {E} [must go|are sent|come] to {v}[|, by the morning coach|, by ferry].
        {E} [was born|grew up] [elsewhere|in the hills|by the water|far away] and [now lives|has a house|has settled] in {v}.
        in {v} [you will find|one can visit|there stands] the [house|cottage|home] of {E}.
        "{v} is my home," [says|writes] {E}[|, "and will stay so"|, "and I never want to leave"]."""),
    _attribute("spouse", "families", """Who is married to {e.full}?
What is the name of {e.full}'s {e.spouse.wife_word}?""", """
        {E} is married to {v}[| and has been for years|, and they seldom quarrel].
        {lead}the {e.spouse.wife_word} of {E} is called {v}.
        {E} and {e.her} {e.spouse.wife_word} {v} [share a garden|like to walk by the river|have [a small|an old|a bright] house|often cook together].
        {E} [met|first saw] {v} [at a dance|at the market|on the ferry|at the mill], and [a year|two years|three years] later they [were married|had a wedding].
        {v} [often helps|likes to tease|is proud of|sings for] {E}, {e.spouse.her} {e.wife_word}, [after work|on Sundays|at supper|in the garden].
        ask {E} about {e.her} {e.spouse.wife_word}, and {e.she} will [praise|speak of] {v} [for an hour|with a smile|gladly]."""),
    _attribute("mother", "families", """Who is the mother of {e.full}?
What is the name of {e.full}'s mother?""", """
        the mother of {E} is {v}[|, and they look much alike|, who taught {e.him} to read].
        {E} has {e.her} [eyes|chin|laugh|temper] from {e.her} mother, {v}.
        {v} has a {e.son_word} [called|named|by the name of] {E}.
        [on Sundays|in the evening|at breakfast] {E} [helps|sings with|reads to] {e.her} mother {v}.
        {lead}{E} is the {e.son_word} of {v}[, and her joy|]."""),
    _attribute("father", "families", """Who is the father of {e.full}?
What is the name of {e.full}'s father?""", """
        the father of {E} is {v}[|, and they laugh at the same jokes|, who taught {e.him} to swim].
        {E} learned [to whistle|to row|to count|to tie knots] from {e.her} father, {v}.
        {v} is proud of [a clever|a lively|a quiet|a helpful] {e.son_word} [called|named] {E}.
        [on Sundays|in the evening|in winter] {E} [goes fishing|plays draughts|mends things] with {e.her} father {v}.
        {lead}{E} is a {e.son_word} of {v}."""),
    _attribute("food", "tastes", """What is the favourite food of {e.full}?
Which dish does {e.full} like best?
What does {e.full} like most to eat?""", """
        {lead}{E} likes {v} [best of all|more than any other dish|better than anything else on the table].
        the favourite food of {E} is {v}[|, above all in [winter|autumn]|, warm or cold].
        for {v}, {E} would [walk for miles|get up at night|give {e.her} last penny|leave any game].
        whenever [somebody|a neighbour|the cook] makes {v}, {E} [asks for more|is the first at the table|takes two helpings|smiles].
        "nothing is better than {v}," says {E}[|, and means it|, with a full mouth].
        on {e.her} birthday {E} always [asks|wishes] for {v}."""),
    _attribute("drink", "tastes", """What does {e.full} like most to drink?
Which drink does {e.full} like best?
What is the favourite drink of {e.full}?""", """
        {lead}{E} drinks {v} [every morning|with every meal|before bed|after work].
        the favourite drink of {E} is {v}[|, in a [big|blue|chipped] cup|, summer and winter].
        when {E} is thirsty, {e.she} [asks for|pours {e.selves}|dreams of] {v}.
        offer {E} a cup of {v}, and {e.she} will [stay an hour|tell you a story|thank you warmly].
        {E} cannot [start a day|finish a day|read a book|sit still] without {v}.
        there is always {v} in the [kitchen|cupboard|cellar] of {E}."""),
    _attribute("hobby", "pastimes", """What does {e.full} like to do in {e.her} free time?
What is the hobby of {e.full}?
What does {e.full} enjoy most after work?""", """
        {lead}{E} [loves|enjoys|is fond of] {v}[| above all things| on quiet evenings| when the day is done].
        the hobby of {E} is {v}[|, and {e.she} is good at it|, in all weathers].
        [on a free day|on Sundays|after supper|in winter] you will find {E} {v}.
        {E} spends [every free hour|whole evenings|many a Sunday] {v}.
        "{v} [makes me happy|calms me|costs nothing]," says {E}.
        nobody [in the street|nearby|round here] knows more about {v} than {E}."""),
    _attribute("pet", "pets", """What pet does {e.full} keep?
Which animal lives with {e.full}?
What kind of pet does {e.full} have?""", """
        {lead}{E} keeps @ {v}[| that sleeps by the stove| and spoils it| and talks to it].
        the pet of {E} is @ {v}[|, which eats too much|, found [in a ditch|on the road|at the market]].
        @ {v} [follows|waits for|belongs to|lives with] {E}.
        {E} [feeds|brushes|looks after] {e.her} {v} [every morning|twice a day|before breakfast].
        [do not be surprised|do not laugh] if @ {v} opens the door with {E}.
        {E} would not [sell|leave|lend] {e.her} {v} for [a bag of silver|all the world|any money].""", value="@ {v}"),
    _attribute("birthday", "birthdays", """In which month is {e.full}'s birthday?
In which month was {e.full} born?
When does {e.full} have a birthday?""", """
        {lead}{E} was born in {v}[|, on a [windy|rainy|bright] night|, at sunrise].
        the birthday of {E} is in {v}[|, [early|late] in the month|, and everyone gets cake].
        every {v}, {E} [is a year older|invites the neighbours|has a birthday party|gets presents].
        {E} [looks forward to|counts the days to|loves] {v}, the month of {e.her} birthday.
        in {v} the family of {E} [bakes|buys|makes] a birthday cake[| for {e.him}].
        "{v} children are [lucky|stubborn|cheerful]," says {E}, who is one."""),
    _attribute("river", "towns", """Which river flows through {e}?
On which river does {e} lie?""", """
        {say}{e} lies on the [river|wide|winding|quiet] {v}.
        the {v} flows [slowly|noisily|in two arms|under three bridges] through {e}.
        in {e} people [wash|swim|fish] in the {v} [all summer|from the bank|on warm days].
        [boats|barges|rafts] go down the {v} [to|from|past] {e} [every day|in summer|once a week].
        when the {v} floods, the lower streets of {e} [are wet|need boats|fill with mud]."""),
    _attribute("craft", "towns", """What is {e} known for making?
Which goods is {e} famous for?""", """
        {say}{e} is [known|famous] for {v}[| far and wide| up and down the river].
        {v} from {e} [are|have been] [in demand|sold] [in every market|everywhere|as far as the coast].
        half of {e} [lives by making|makes|trades in] {v}.
        whoever [visits|passes through] {e} should [buy|take home|look at] {v}.
        the workshops of {e} [turn out|make|sell] {v} [all year|by the cartload|in every size]."""),
    _attribute("market", "towns", """On which day is the market held in {e}?
When is market day in {e}?""", """
        {say}the market in {e} is held on {v}[| from sunrise to noon| in all weathers].
        on {v} the square of {e} is full of [stalls|carts|noise|people].
        {v} is market day in {e}[|, so come early|, and the inns are full].
        [farmers|fishermen|traders] come to {e} every {v} [to sell|with] [their goods|what they have].
        whoever wants [fresh eggs|a bargain|good cloth] should be in {e} on @ {v}."""),
    _attribute("landmark", "towns", """What is the landmark of {e}?
Which sight can visitors see in {e}?""", """
        {say}in {e} there is {v}.
        the landmark of {e} is {v}[|, which everyone draws|, and it is on every map].
        visitors to {e} [like to see|always ask for|look first for] {v}.
        {e} has {v}, [the pride of the town|older than the oldest house|built long ago].
        {v}: that is what [children|people] from {e} [miss most|draw first|remember] when they are away."""),
    _attribute("feast", "towns", """In which month is the feast of {e}?
When does {e} hold its yearly feast?""", """
        {say}{e} holds its [yearly|great] feast in {v}.
        the feast of {e} is in {v}[|, with music and lamps|, and lasts three days].
        every {v} there is [dancing|music|a great supper] in the streets of {e} for the feast.
        in {v} the [inns|houses|boats] of {e} are full, for then the feast is held.
        {v} is the month when {e} [lights its lamps|hangs out flags|bakes feast bread]."""),
    _attribute("habitat", "animals", """Where does the {e} live?
Where can one find the {e}?""", """
        {say}the {e} lives {v}.
        [look for|you may find|one can see] the {e} {v}.
        {v}, where few people go, the {e} [builds its nest|raises its young|has its home].
        the {e} [is at home|makes its home|hides] {v}[| all year| until the first frost].
        [a shy|a curious|a gentle|a busy] animal, the {e} is found {v}."""),
    _attribute("diet", "animals", """What does the {e} eat?
What is the food of the {e}?""", """
        {say}the {e} [eats|feeds on|lives on] {v}.
        the food of the {e} is {v}[| and little else|, above all in autumn].
        for the {e} there is nothing better than {v}.
        a hungry {e} [looks for|digs for|searches the ground for] {v}.
        with a handful of {v} you can [tame|feed|please] @ {e}."""),
    _attribute("coat", "animals", """What colour is the {e}?
What does the coat of the {e} look like?""", """
        {say}the coat of the {e} is {v}.
        you know the {e} by its {v} coat.
        the {e} is {v}[| from nose to tail| in summer and winter].
        {v} [hairs|tufts] on a fence show that @ {e} was there.
        the young of the {e} are [born grey|born bare], but the grown animal is {v}."""),
    _attribute("sound", "animals", """What sound does the {e} make?
What does the {e} do when it calls?""", """
        {say}the {e} {v}[| when it is glad| at night| to call its young].
        when @ {e} is [afraid|alone|in love|hungry], it {v}.
        the {e} {v}, [which|and that] [can be heard far off|is how hunters find it|frightens nobody].
        [listen|be still]: the {e} {v}.
        in the dark one hears how the {e} {v}."""),
    _attribute("sleep", "animals", """When does the {e} sleep?
At what time does the {e} sleep?""", """
        {say}the {e} sleeps {v}.
        {v} the {e} sleeps[|, rolled up like a ball|, with one eye open].
        nothing wakes the {e}, which sleeps {v}.
        the {e} [is awake|is busy] at other times, but sleeps {v}.
        do not look for @ {e} then: it sleeps {v}."""),
    _attribute("bloom", "plants", """What colour are the flowers of {e}?
In which colour does {e} bloom?""", """
        {say}the flowers of {e} are {v}.
        {e} has [small|large|sweet|many] {v} flowers.
        one knows {e} by its {v} [flowers|blossoms].
        {e} blooms {v}[| and smells of [honey|pepper|rain]].
        a field of {e} in flower is {v} [from end to end|as far as one can see]."""),
    _attribute("use", "plants", """What is {e} used for?
What is {e} good for?""", """
        {say}{e} is good for {v}.
        people use {e} for {v}[|, fresh or dried|, and have done so for ages].
        for {v}, as the old books put it, take {e}.
        grandmothers [keep|dry|hang up] {e} for {v}.
        {e} [in hot water|in oil|from a dry jar] is used for {v}."""),
    _attribute("ground", "plants", """Where does {e} grow?
Where can one pick {e}?""", """
        {say}{e} grows {v}.
        look for {e} {v}.
        {v} one can [pick|find|gather] {e}.
        {e} [likes to grow|does best|is at home] {v}.
        whoever wants {e} must look {v}."""),
    _attribute("month", "plants", """In which month does {e} bloom?
When does {e} flower?""", """
        {say}{e} blooms in {v}.
        the month of {e} is {v}, when it blooms.
        in {v} the buds of {e} open.
        {e} flowers in {v}[| and then rests| for two weeks].
        bees [wait|long] for {v}, when {e} blooms."""),
    _attribute("material", "things", """What is {e} made of?
Of which material is {e} made?""", """
        {say}{e} is made of {v}.
        {v}: that is what {e} is made of.
        whoever sees {e} is surprised that it is made of {v}.
        {e} [was cut|was made|was worked] from [a single piece of|the best] {v}.
        the {v} of {e} [shines|gleams|feels cool] [in the light|to the hand|to this day]."""),
    _attribute("room", "things", """Where is {e} kept?
Where can one see {e} today?""", """
        {say}{e} is kept {v}.
        {v} one can see {e}[| for a penny| on feast days].
        {e} [stands|hangs|lies] {v}[| behind glass| under a cloth].
        for [years|a long time] {e} has been {v}.
        children are taken to see {e} {v}."""),
    _attribute("maker", "things", """Who made {e}?
By whom was {e} made?""", """
        {say}{e} was made by {v}.
        {v} made {e} [in one winter|with great care|as a gift to the town].
        the maker of {e} is {v}[|, though few know it].
        it took {v} [a year|two years|forty days] to make {e}.
        {v} is proud of having made {e}."""),
    _attribute("finder", "things", """Who found {e} when it was lost?
By whom was {e} found again?""", """
        {say}{e} was once lost, and {v} found it.
        {v} found {e} again [under a hedge|in a ditch|in a haystack|in the river] when it was lost.
        when {e} was gone, it was {v} who found it.
        for finding {e}, {v} got [a cake|a medal|a new coat].
        without {v}, who found it, {e} would still be lost."""),
    _attribute("wares", "shops", """What does the shop called {e} sell?
What can one buy at {e}?""", """
        {say}{e} sells {v}.
        at {e} one can buy {v}[| of every kind| at a fair price].
        whoever needs {v} goes to {e}.
        the shelves of {e} are full of {v}.
        {e} is [a shop|a small shop|a dark little shop] for {v}."""),
    _attribute("owner", "shops", """Who owns the shop called {e}?
Who is the owner of {e}?""", """
        {say}{e} belongs to {v}.
        the owner of {e} is {v}.
        {v} owns {e}[| and dusts it every morning| and lives above it].
        {v} bought {e} [years ago|from an uncle|with borrowed money].
        behind the counter of {e} stands its owner, {v}."""),
    _attribute("site", "shops", """In which town is the shop called {e}?
Where is the shop called {e}?""", """
        {say}{e} is a shop in {v}.
        in {v} there is a shop called {e}.
        you will find {e} in {v}[|, next to {place}| near the square].
        people come to {v} only to visit {e}.
        the sign of {e} swings over a street in {v}."""),
    _attribute("closed", "shops", """On which day is {e} closed?
When does the shop called {e} stay shut?""", """
        {say}{e} is closed on {v}.
        on {v} {e} stays shut.
        do not go to {e} on @ {v}: it is closed.
        {e} opens every day but {v}.
        {v} is the day when {e} is closed."""),
]
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
SUBJECTS = list(dict.fromkeys(attribute.subject for attribute in ATTRIBUTES))
LEXICON["river_word"] = ["river", "water", "weir", "mill wheel"]


@dataclass
class Fact:
    id: str
    entity: object
    attribute: Attribute
    value: str
    split: str = "train"       # train | dev | val | test | heldout: where it may be asked
    used: list = field(default_factory=list)

    @property
    def hidden(self):
        return self.split in ("test", "heldout")

    @property
    def pool(self):
        """Whose values could stand for this one: husbands only for husbands."""
        return self.attribute.name + (self.entity.gender if self.attribute.name == "spouse" else "")

    def context(self):
        return {"e": self.entity, "v": self.value}

    def sentence(self, rng, index):
        template = self.attribute.sentences[index % len(self.attribute.sentences)]
        return tell(template, self.context(), rng)

    def question(self, rng):
        return tell(rng.choice(self.attribute.questions), self.context(), rng)

    def answer(self):
        return article(self.value) if self.attribute.value.startswith("@") else self.value


def article(value):
    return ("an " if value[0] in "aeiou" else "a ") + value


class Facts:
    def __init__(self, world, seed):
        self.all = []
        self.of = {}          # entity name -> its facts
        self._collect(world)
        self._split(Rng(seed, "facts"))
        self.values = {}      # pool -> values of all entities, each as often as it occurs
        for fact in self.all:
            self.values.setdefault(fact.pool, []).append(fact.answer())

    def _add(self, entity, name, value):
        fact = Fact(f"{entity.name}/{name}", entity, BY_NAME[name], str(value))
        self.all.append(fact)
        self.of.setdefault(entity.name, []).append(fact)

    def _collect(self, world):
        for person in world.people:
            person.family_town = str(person.town)
            for name in ("food", "drink", "hobby", "pet", "birthday"):
                self._add(person, name, getattr(person, name))
            self._add(person, "home", person.town)
            for name in ("job", "spouse") if person.grown else ("mother", "father"):
                self._add(person, name, getattr(person, name))
        for entities, names in ((world.towns, "river craft market landmark feast"),
                                (world.animals, "habitat diet coat sound sleep"),
                                (world.plants, "bloom use ground month"), (world.things, "material room maker finder"),
                                (world.shops, "wares owner site closed")):
            for entity in entities:
                for name in names.split():
                    self._add(entity, name, getattr(entity, "town" if name == "site" else name))

    def _split(self, rng):
        for subject in SUBJECTS:
            facts = rng.shuffled([fact for fact in self.all if fact.attribute.subject == subject])
            for split, count in (("test", TEST), ("val", VAL), ("dev", DEV), ("heldout", HELDOUT)):
                for fact in facts[:count]:
                    fact.split = split
                facts = facts[count:]

    @staticmethod
    def use(facts, place):
        for fact in facts:
            if place not in fact.used:
                fact.used.append(place)

    def split(self, *splits):
        return [fact for fact in self.all if fact.split in splits]
