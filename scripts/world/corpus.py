"""The English corpus: which kinds of text there are, and in which shares."""
from . import papers, stories
from .grammar import Rng
from .notes import Notes

# (share of the texts, kind)
# Over half of them tell facts: a small model keeps a fact only if it reads it many times, each time in other words.
SHARES = [(14, "story"), (26, "note"), (10, "talk"), (14, "register"), (14, "index"), (4, "riddle"), (3, "family"), (5, "letter"),
          (4, "diary"), (2, "recipe"), (2, "weather"), (2, "market"), (2, "timetable"), (3, "calendar"), (4, "sums"),
          (3, "cause"), (3, "logic"), (3, "listing")]


class Corpus:
    def __init__(self, seed, part, world, facts):
        self.rng, self.world = Rng(seed, "corpus", part), world
        self.notes = Notes(self.rng, world, facts)
        self.deck = []

    def text(self):
        if not self.deck:
            self.deck = self.rng.shuffled([kind for share, kind in SHARES for _ in range(share)])
        kind = self.deck.pop()
        if kind == "story":
            return stories.story(self.rng, self.world)
        if hasattr(self.notes, kind):
            return getattr(self.notes, kind)()
        return getattr(papers, kind)(self.rng, self.world)


def make(corpus, size, wanted=lambda text: True):
    """Wanted texts of `size` bytes together, all different."""
    texts, total = {}, 0
    while total < size:
        text = corpus.text()
        if text not in texts and wanted(text):
            texts[text] = True
            total += len(text.encode()) + 1
    return list(texts)
