"""The words of the world: lists that the templates draw from, and the calendar."""
from .grammar import LEXICON

MONTHS = ["Thawmoon", "Seedmoon", "Greenmoon", "Haymoon", "Grainmoon", "Leafmoon", "Mistmoon", "Icemoon"]
SEASONS = ["spring", "spring", "summer", "summer", "autumn", "autumn", "winter", "winter"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTH_DAYS = 42      # six whole weeks, so every month begins on a Monday
NUMBERS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
           "seventeen eighteen nineteen twenty").split()


def words(text):
    return [word.strip() for word in text.split(",")]


JOBS = words("weaver, baker, potter, miller, fisher, tailor, cooper, carpenter, shepherd, beekeeper, blacksmith, "
             "teacher, "
             "doctor, gardener, shoemaker, candlemaker, printer, boat builder, clockmaker, glassblower, painter, "
             "saddler, "
             "cheesemaker, roofer, basketmaker, innkeeper, letter carrier, lamplighter")
FOODS = words("onion soup, plum cake, barley bread, fried trout, apple pie, goat cheese, bean stew, honey buns, oat "
              "porridge, "
              "mushroom pie, roast turnips, pear tart, nut bread, cabbage rolls, egg noodles, pumpkin soup, cherry "
              "dumplings, "
              "smoked eel, carrot cake, potato pancakes")
DRINKS = words("mint tea, apple juice, warm milk, ginger beer, plum juice, barley water, rose tea, cold buttermilk, "
               "pear cider, "
               "nettle tea, cocoa, elderflower water")
HOBBIES = words("carving spoons, flying kites, keeping a diary, playing the flute, playing the fiddle, singing in the "
                "choir, "
                "collecting shells, watching birds, drawing maps, solving riddles, skipping stones, growing roses, "
                "playing chess, telling stories, rowing, climbing hills, dancing, knitting socks, pressing flowers, "
                "building model boats")
PETS = words("grey cat, black cat, white goat, brown dog, spotted dog, tame crow, green parrot, red hen, hedgehog, "
             "tortoise, "
             "white rabbit, lame duck, small donkey, old pony, tame jackdaw, striped cat, brown goat, blind owl")
CRAFTS = words("blue bowls, woollen blankets, copper bells, wooden toys, honey candles, glass beads, leather boots, "
               "goat cheeses, willow baskets, silver spoons, painted fans, salted fish, plum pies, iron lamps, clay "
               "pipes, "
               "linen shirts, paper kites, oak barrels, dried herbs, brass clocks, felt hats, stone mills, reed "
               "flutes, rye loaves")
LANDMARKS = words("a stone bridge with nine arches, a round tower, an old windmill, a crooked clock tower, a covered "
                  "bridge, "
                  "a great oak, a dry fountain, a white lighthouse, a sunken garden, a red gate, a hall of mirrors, "
                  "a stone bear, a water wheel, a hanging bell, a maze of hedges, a long wooden pier, a tiled "
                  "bathhouse, "
                  "a statue of a ferryman, a wall of blue tiles, a hollow lime tree, a grain store on stilts, "
                  "a glass house, a flight of a hundred steps, a sundial as big as a cart")
HABITATS = words("in hollow trees, among the reeds, under old bridges, on bare hilltops, in deep caves, along the sea "
                 "cliffs, "
                 "in barley fields, in pine woods, beneath flat stones, in salt marshes")
DIETS = words("beetles, acorns, small fish, berries, moss, snails, fallen apples, grass seeds, worms, moths, pine "
              "nuts, honey")
COATS = words("russet, silver, pale yellow, black, speckled, striped, dark green, white, sky blue, chestnut")
SOUNDS = words("whistles, barks softly, hums, clicks, croaks, sings two notes, hisses, purrs, drums with its feet, "
               "chirps")
SLEEPS = words("at noon, at dawn, all morning, through the rain, in the evening, through the frost, after every meal, "
               "at full moon")
BLOOMS = words("yellow, white, purple, pink, scarlet, pale blue, orange, cream")
USES = words("coughs, sore feet, dyeing wool, headaches, bad dreams, keeping moths away, sweetening tea, toothache, "
             "burns, "
             "making ink, polishing wood, calming bees")
GROUNDS = words("by the riverside, on dry slopes, in ditches, in old walls, at the edge of the wood, in wet meadows, "
                "on sand, "
                "in the shade of firs, between paving stones, on rooftops")
MATERIALS = words("copper, oak, green glass, silver, bone, white marble, iron, clay, brass, walnut wood, tin, black "
                  "stone")
WARES = words("buttons, lamp oil, seeds, ribbons, maps, kettles, hats, sweets, fishing nets, paper, knives, soap, "
              "ropes, toys, "
              "spices, lace, brushes, bells, mirrors, boots")
ROOMS = words("in the town hall, in the mill, in the school, in a cellar, above the inn, in the lighthouse, in the "
              "library, "
              "in the boathouse, in the old barn, behind the bakery, in the bell tower, in the museum")

# What things can be: a noun with its plural, and words that go before it.
OBJECTS = words("kettle, lantern, basket, cap, knife, spoon, mirror, key, ladder, flute, drum, bell, jug, blanket, "
                "scarf, whistle, "
                "compass, map, ring, button, brush, coat, barrel, chest, teapot, notebook, umbrella, rope, wheel, "
                "candle, "
                "fishing rod, hammer, apron, clock, kite, saddle, bucket, purse, pillow, chessboard, fiddle, oar, "
                "needle, "
                "letter, locket, lamp, sack, comb, rake, sledge")
OBJECT_ADJECTIVES = words("copper, blue, old, red, wooden, small, green, silver, yellow, striped, cracked, heavy, "
                          "painted, crooked, "
                          "round, white, tin, black, brown, shiny, new, rusty, long, broad, little, spotted, carved, "
                          "plain")
SOFT = words("cap, blanket, scarf, ribbon, coat, letter, notebook, map, apron, purse, pillow, rope, sack, umbrella, "
             "saddle, kite")
HARD_ADJECTIVES = words("copper, wooden, tin, cracked, rusty, carved, silver")       # nothing soft is so
CONTAINERS = words("basket, barrel, chest, bucket, sack, jug, teapot, cap, kettle, box, bowl, drawer")
GOODS = [tuple(pair.split("/")) for pair in words(
    "apple/apples, pear/pears, egg/eggs, candle/candles, onion/onions, turnip/turnips, bun/buns, ribbon/ribbons, "
    "button/buttons, fish/fish, cheese/cheeses, cabbage/cabbages, nail/nails, brush/brushes, lemon/lemons, plum/plums, "
    "carrot/carrots, basket/baskets, bell/bells, cup/cups, spoon/spoons, loaf/loaves, pumpkin/pumpkins, "
    "feather/feathers, "
    "broom/brooms, lamp/lamps, melon/melons, herring/herrings, walnut/walnuts, kite/kites, mushroom/mushrooms, "
    "bead/beads")]
BAKED = words("plum cake, apple pie, barley bread, honey buns, pear tart, nut bread, cherry dumplings, carrot cake, "
              "potato pancakes, egg noodles")
INGREDIENTS = [pair for pair in GOODS if pair[0] in words("egg, lemon, walnut, pear, apple")]
STORMS = words("hail, thunder, sleet, snow, heavy rain, a wild wind")
GROWN = [pair for pair in GOODS if pair[0] in words("apple, pear, onion, turnip, cabbage, lemon, plum, carrot, "
                                                    "pumpkin, melon, walnut, mushroom")]
PLACES = words("the mill, the bridge, the harbour, the old orchard, the school, the market square, the ferry landing, "
               "the inn, "
               "the bell tower, the pine wood, the quarry, the library, the smithy, the duck pond, the chapel, the hay "
               "barn, "
               "the stone circle, the bathhouse, the boathouse, the upper meadow, the bakery, the well, the lime "
               "avenue, "
               "the town hall, the sheepfold, the lock, the cattle gate, the watchtower")
BEASTS = words("goose, pony, goat, calf, kitten, lamb, hen, donkey, duckling, puppy, owl, hedgehog, swan, piglet, fox "
               "cub, crow, "
               "rabbit, ram, mule, foal, stork, otter, badger, squirrel, heron, tortoise, cow, peacock")
BEAST_ADJECTIVES = words("grey, lame, stubborn, white, thin, brown, speckled, young, hungry, shy, black, one-eyed, "
                         "fat, old, noisy, "
                         "wet, curious, small, proud, clever")



class Item:
    """An adjective and a noun: "copper kettle", and again in short: "kettle"."""

    def __init__(self, rng, nouns=OBJECTS, adjectives=OBJECT_ADJECTIVES):
        self.noun, self.adj = rng.choice(nouns), rng.choice(adjectives)
        while self.noun in SOFT and self.adj in HARD_ADJECTIVES:
            self.adj = rng.choice(adjectives)

    def __str__(self):
        return f"{self.adj} {self.noun}"


def items(rng, count):
    """Items whose nouns all differ."""
    found = []
    while len(found) < count:
        item = Item(rng)
        if all(item.noun != other.noun for other in found):
            found.append(item)
    return found


def counted(n, one):
    return f"{n} {one}" if n == 1 else f"{n} {one}s"


def pennies(n):
    return "1 penny" if n == 1 else f"{n} pennies"


def nth(n):
    """1st, 2nd, 3rd, 4th ..."""
    return f"{n}" + ("th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))


LEXICON.update({
    "place": PLACES, "beast": BEASTS, "day": DAYS, "month": MONTHS,
    "food": FOODS, "drink": DRINKS, "ware": WARES, "hobby": HOBBIES,
    "small": words("nut, pebble, coin, feather, walnut, ribbon, shell, plum, acorn, biscuit, bead, dried flower, lump "
                   "of sugar, "
                   "piece of chalk, apple core, pine cone, blue button, crust of bread"),
    "sky": words("rain, hail, fog, snow, a warm wind, a cold wind, drizzle, sleet, thin mist, bright sunshine, "
                 "thunder, a hard frost"),
    "hour": words("at dawn, before breakfast, at noon, after lunch, at dusk, in the evening, early in the morning, "
                  "late at night, "
                  "when the clock struck four, when the lamps were lit, just after sunrise, shortly before dark"),
    "glad": words("glad, pleased, proud, merry, cheerful, thankful, content, delighted, relieved"),
    "sad": words("sad, worried, cross, ashamed, tired, uneasy, gloomy, troubled, upset, restless"),
    "quietly": words("quietly, softly, slowly, at last, after a while, in a low voice, without looking up, with a sigh"),
    "walked": words("walked, hurried, ran, strolled, set off, went, made [{p.her}|{p.her} slow] way, trudged, wandered"),
    "looked": words("looked, searched, hunted, peered, felt about"),
    "people_say": words("people say, the neighbours say, they say, old people say, the children say, the saying goes"),
    "amount": words("three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fifteen, twenty"),
    "while": words("a while, an hour, two hours, half a day, a short time, most of the morning, the whole afternoon, "
                   "ten minutes"),
    "tree": words("oak, willow, elm, ash, lime tree, birch, pear tree, walnut tree, fir, poplar, apple tree, rowan"),
    "kin": words("cousin, uncle, aunt, grandmother, grandfather, neighbour, godmother, old teacher, nephew, niece"),
})
