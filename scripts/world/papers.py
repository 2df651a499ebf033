"""Letters, diaries, recipes, weather reports, market prices, timetables, calendars, sums, causes, lists, small logic.

Whatever is counted, added or concluded in them is right.
"""
import re

from . import words
from .grammar import finish, series, tell
from .society import Teller, family_of
from .stories import ONE_DAY, OPENINGS_DIARY, OPENINGS_LETTER, PLOTS, plot, relation
from .words import MONTH_DAYS, NUMBERS, pennies

_I_AND = re.compile(r"\bI and ([A-Z]\w+)")
_SAID_I = re.compile(r"\b(said|asked|called) I\b")


def as_told(text):
    """The order of words that "I" asks for."""
    return _SAID_I.sub(r"I \1", _I_AND.sub(r"\1 and I", text))


def weekday(day):
    return words.DAYS[(day - 1) % 7]


def own_story(rng, world, writer, openings, names):
    lines, _ = plot(rng, world, writer, Teller(writer), openings, names)
    return as_told(" ".join(lines))


def letter(rng, world):
    writer, reader = rng.sample(world.people, 2)
    if rng.chance(0.5):
        reader = rng.choice([person for person in family_of(writer) if person is not writer])
    day, month = rng.between(1, MONTH_DAYS), rng.choice(words.MONTHS)
    context = {"w": writer, "x": reader, "d": day, "m": month, "wd": weekday(day), "o": words.Item(rng),
               "b": words.Item(rng, words.BEASTS, words.BEAST_ADJECTIVES), "p": writer, "t": writer.town,
               "rel": relation(writer, reader) if reader.family == writer.family else "friend"}
    head = tell("{t}, {wd}, {d} {m}", context, rng)
    begin = tell(rng.choice(_LETTER_BEGIN), context, rng)
    middle = own_story(rng, world, writer, OPENINGS_LETTER,
                       tuple(PLOTS)) if rng.chance(0.6) else tell(rng.choice(_LETTER_MIDDLE), context, rng)
    end = tell(rng.choice(_LETTER_END), context, rng)
    back = relation(reader, writer) if reader.family == writer.family else "friend"
    sign = rng.choice([f"Your {back}\n{writer}", f"With love,\n{writer}", f"Yours,\n{writer.full}",
                       f"Greetings from\n{writer}"])
    return f"{head}\n{rng.choice(['Dear', 'My dear', 'Dearest'])} {reader},\n{begin} {middle}\n{end}\n{sign}"


_LETTER_BEGIN = [
    "thank you for the {o} that came on {day}, dear {x}.",
    "I hope that the {food} arrived and that you are well in {x.town}.",
    "how are you, and how is your {x.pet}?", "you asked me in your last letter about the {o}, {x}.",
    "it is {wd}, there is {sky}, and I am sitting {where} with @ {o}.", "I have news for you, {x}, from {t}.",
    "do you remember the {b} {where}, {x}?", "forgive me that I have not written since {month}, {x}."]
_LETTER_MIDDLE = [
    "since {day} we have @ {b} in the yard. the {b.noun} eats {food}, and my {w.pet} is afraid of it. if it stays "
    "until {month}, I shall "
    "build it a house {where}, with @ {o} for a bell.",
    "the {o} is still here. I have cleaned the {o.noun} with sand, and it looks new. come and fetch it on {day}, or I "
    "shall give the "
    "{o.noun} to my {kin}, who wants it for {x.hobby}.",
    "in {t} everyone talks about the {b}. first it was seen {where}, then at {place}, and yesterday the {b.noun} slept "
    "in my kitchen, "
    "beside the {o}. I gave it {food}.",
    "my {kin} has taught me {hobby}. for that I use the {o}, which you left at {place}. I hope you do not need the "
    "{o.noun} before {month}."]
_LETTER_END = [
    "write soon, {x}, and send @ {small} if you can.", "give my love to your {x.pet}, and come to {t} in {month}.",
    "the lamp is going out, so I must stop, {x}.", "please send back the {o} by {day}, for I need the {o.noun} {where}.",
    "I shall be at {place} on {day}. will you come, {x}?", "keep warm, {x}, and drink {drink}."]


def diary(rng, world):
    writer = rng.choice(world.people)
    start, month = rng.between(1, MONTH_DAYS - 3), rng.choice(words.MONTHS)
    lines = [f"From the diary of {writer.full}, {writer.town}" if rng.chance(0.5) else f"{writer}'s diary"]
    days = 1 if rng.chance(0.5) else 2
    for day in range(start, start + days):
        text = own_story(rng, world, writer, OPENINGS_DIARY, ONE_DAY) if day == start else tell(rng.choice(_DIARY), {
            "p": Teller(writer), "w": writer, "t": writer.town, "friend": rng.choice(world.people),
            "o": words.Item(rng)}, rng)
        lines.append(f"{weekday(day)}, {day} {month}. {text}")
    return "\n".join(lines)


_DIARY = [
    "I slept badly because of the {sky}. in the morning I mended @ {o} and ate {food}. {friend} came by and wanted the "
    "{o.noun}, but I need it.",
    "in spite of {sky}, {friend} and I walked to {place} and back. my {w.pet} ran ahead with @ {small} in its mouth. "
    "tomorrow I must look for @ {o}.",
    "I spent the day with {w.hobby}. {hour} {friend} knocked and brought me @ {o}. I do not know what to do with the "
    "{o.noun}.",
    "{friend} is {sad} because of @ {o}. I brought some {food} and we talked for {while} {where}. now {friend} is "
    "better.",
    "nothing happened, except that my {w.pet} ate the {food} and {friend} fell over @ {o} {where}."]


def recipe(rng, world):
    cook = rng.choice(world.people)
    mains, spices, others, dishes = rng.choice(_KITCHENS)
    main = rng.choice(list(mains))
    added = rng.sample([(name, _SPOONS) for name in spices] + [(name, _CUPS) for name in others], rng.between(2, 4))
    things = [(main, _CUPS)] + [each for each in added if each[0] != main]
    amounts = [rng.choice(units) for _, units in things]
    names = [name for name, _ in things]
    minutes = rng.between(2, 18) * 5
    context = {"c": cook, "f": f"{mains[main]} {rng.choice(dishes)}", "a": names[0], "b": names[1], "z": names[-1],
               "n": minutes, "half": minutes // 2,
               "o": rng.choice(["pot", "pan", "bowl", "tray"]), "h": rng.between(1, 12), "p": cook}
    title = tell(rng.choice(["{f} from the kitchen of {c}", "how {c} of {c.town} makes {f}",
                             "{c}'s {f} for {amount} people"]),
                 context, rng)
    need = "You need " + series(f"{amount} of {name}" for amount, name in zip(amounts, names)) + "."
    steps = [tell(rng.choice(_RECIPE_BEGIN), context, rng)]
    for name in names[2:]:
        steps.append(tell(rng.choice(_RECIPE_STEP), {**context, "x": name}, rng))
    steps.append(tell(rng.choice(_RECIPE_END), context, rng))
    if rng.chance(0.5):
        return f"{title}\n{need}\n" + "\n".join(f"{i + 1}. {step}" for i, step in enumerate(steps))
    return f"{title}. {need} " + " ".join(steps)


_SPOONS = ["one spoon", "two spoons", "three spoons", "half a cup", "a pinch", "four spoons"]
_CUPS = ["one cup", "two cups", "three cups", "half a pound", "a pound", "two pounds", "a bowl", "four cups"]
# What may be cooked, sweet or savoury: the main thing with its adjective, what is added by the spoon, and by the cup.
_KITCHENS = [
    ({"apples": "apple", "plums": "plum", "nuts": "nut", "cherries": "cherry", "pears": "pear", "oats": "oat"},
     words.words("honey, cinnamon, sugar, ginger, vinegar"),
     words.words("flour, butter, milk, cream, water, raisins, nuts"),
     words.words("pie, cake, porridge, bread, pudding, dumplings")),
    ({"beans": "bean", "barley": "barley", "mushrooms": "mushroom", "carrots": "carrot", "onions": "onion",
      "cabbage": "cabbage", "potatoes": "potato", "turnips": "turnip"},
     words.words("salt, pepper, vinegar, mustard, thyme, oil, dill, caraway"),
     words.words("butter, milk, beans, barley, mushrooms, carrots, onions, cream, water, cheese, cabbage, potatoes"),
     words.words("soup, pie, stew, pudding, bread, cakes"))]
_RECIPE_BEGIN = ["mix the {a} with the {b} in a large {o}.", "put the {a} into the {o}, then the {b}, and stir well.",
                 "wash the {o}, heat it slowly, and add the {a} and half of the {b}.",
                 "begin with the {b}; only then take the {a}."]
_RECIPE_STEP = ["add the {x} and stir.", "then put in the {x}, little by little.",
                "do not forget the {x}, or everything will taste of nothing but {a}.",
                "the {x} must rest beside the {o} for {half} minutes first.", "when it bubbles, throw in the {x}."]
_RECIPE_END = ["leave the {o} on the fire for {n} minutes, and serve with {drink}.",
               "cook everything for {n} minutes. {c} says: never let the {a} burn.",
               "after {n} minutes the {f} [can|may] be eaten, best {where}, says {c}.",
               "cover the {o} and wait {n} minutes. {c} eats it with {drink}."]


def weather(rng, world):
    towns = rng.sample(world.towns, rng.between(3, 4))
    day, month = rng.between(1, MONTH_DAYS), rng.below(8)
    degrees = rng.sample(range(*_DEGREES[words.SEASONS[month]]), len(towns))
    lines = [tell(rng.choice(["weather for {wd}, {d} {m}.", "the weather on the {nth} of {m}, @ {wd}.",
                              "this is the weather report for {wd}, the {nth} of {m}."]),
                  {"wd": weekday(day), "d": day, "nth": words.nth(day), "m": words.MONTHS[month]}, rng)]
    for town, degree in zip(towns, degrees):
        lines.append(tell(rng.choice(_WEATHER), {"t": town, "n": degree, "river": town.river, "sky": _sky(rng, degree)},
                          rng))
    warm, cold = max(degrees), min(degrees)
    context = {"warm": towns[degrees.index(warm)], "cold": towns[degrees.index(cold)], "diff": warm - cold, "hi": warm,
               "lo": cold,
               "p": rng.choice(world.people), "tomorrow": weekday(day + 1), "sky": _sky(rng, warm)}
    lines.append(tell(rng.choice(_WEATHER_SUM), context, rng))
    lines.append(tell(rng.choice(_WEATHER_END), context, rng))
    return finish(" ".join(lines))


_DEGREES = {"spring": (4, 17), "summer": (15, 30), "autumn": (5, 19), "winter": (0, 9)}


def _sky(rng, degrees):
    """What the sky may bring at so many degrees."""
    return rng.choice(words.words("snow, sleet, fog, a hard frost, a cold wind") if degrees < 4 else
                      words.words("rain, drizzle, fog, hail, a cold wind, bright sunshine, thin mist") if degrees < 15
                      else
                      words.words("rain, thunder, a warm wind, bright sunshine, thin mist, drizzle"))


_WEATHER = ["in {t} there is {sky} and {n} degrees.", "{t} has {n} degrees, with {sky} {hour}.",
            "on the {river} near {t}, expect {sky}; {n} degrees.",
            "people in {t} should take an umbrella: {sky}, {n} degrees.",
            "{sky} in {t}, where the thermometer [shows|reads] {n} degrees."]
_WEATHER_SUM = ["the warmest place is {warm} with {hi} degrees, the coldest {cold} with {lo}.",
                "so it is {diff} degrees warmer in {warm} than in {cold}.",
                "{cold} is the coldest with {lo} degrees, that is {diff} fewer than in {warm}."]
_WEATHER_END = ["{tomorrow} will bring {sky}.", "{p} of {p.town} expects {sky} on {tomorrow}.",
                "for {tomorrow}, {p} {p.family} has promised {sky} to all of {warm}.",
                "fishermen near {cold} should stay at home until {tomorrow}."]


def market(rng, world):
    buyer, seller = rng.sample(world.people, 2)
    goods = rng.sample(words.GOODS, rng.between(2, 4))
    prices = [rng.between(1, 9) for _ in goods]
    context = {"p": buyer, "s": seller, "t": rng.choice(world.towns), "o": words.Item(rng)}
    lines = [tell(rng.choice(_MARKET_BEGIN), context, rng)]
    lines.append(finish(series(f"@ {one} {'' if index else 'costs '}{pennies(price)}" for index,
                               ((one, _), price) in enumerate(zip(goods, prices))) + "."))
    total, bought = 0, rng.shuffled(range(len(goods)))[:rng.between(1, 2)]
    for index in bought:
        count = rng.between(2, 9)
        total += count * prices[index]
        lines.append(tell(rng.choice(_MARKET_BUY), {**context, "n": NUMBERS[count], "g": goods[index][1],
                                                    "x": goods[index][0],
                                                     "c": pennies(count * prices[index]), "each": prices[index],
                                                    "k": count}, rng))
    if len(bought) == 2:
        lines.append(tell(rng.choice(_MARKET_SUM), {**context, "n": pennies(total)}, rng))
    paid = (total // 10 + 1) * 10
    lines.append(tell(rng.choice(_MARKET_END), {**context, "total": total, "paid": pennies(paid),
                                                "back": pennies(paid - total)}, rng))
    return finish(" ".join(lines))


_MARKET_BEGIN = ["prices at the market of {t}, at the stall of {s}:",
                 "{p} stands before the stall of {s} in {t}, beside @ {o}.",
                 "at the market in {t}, {s} has hung out a list under @ {o}.",
                 "{s} sells in {t} on {day}, and {p} is the first to come.",
                 "{p} of {p.town} came to {s} with @ {o} for a basket. the prices:"]
_MARKET_BUY = ["{p} takes {n} {g}, which makes {c}.", "for {n} {g}, {s} asks {c}, since {k} times {each} is {c}.",
               "\"{n} {g}, please,\" says {p}. \"that is {c},\" answers {s}.",
               "{n} {g} go into the basket of {p}, for {c}."]
_MARKET_SUM = ["together that is {n}.", "so {p} has to pay {n}.", "\"{n} in all,\" says {s} to {p}."]
_MARKET_END = ["{p} gives {s} {paid} and gets {back} back.", "{p} pays with {paid}, and {s} returns {back}.",
               "because {p} has only {paid} in one piece, {s} looks for {back} and finds the change under the {o}."]


def clock(minutes):
    return f"{minutes // 60 % 24}:{minutes % 60:02d}"


def timetable(rng, world):
    stops = rng.sample(world.towns, rng.between(3, 5))
    times = [rng.between(24, 72) * 15]
    for _ in stops[1:]:
        times.append(times[-1] + rng.between(2, 14) * 5)
    driver, rider = rng.sample(world.grown, 2)
    kind = rng.choice(["ferry", "coach", "mail cart", "night boat", "slow train"])
    first, last = 0, rng.between(1, len(stops) - 1)
    context = {"k": kind, "d": driver, "p": rider, "a": stops[first], "z": stops[last], "n": times[last] - times[first],
               "ta": clock(times[first]), "tz": clock(times[last]), "late": rng.between(1, 5) * 5, "end": stops[-1],
               "o": words.Item(rng)}
    context["tl"] = clock(times[last] + context["late"])
    lines = [tell(rng.choice(["the {day} {k}", "{k} from {a} to {end}", "timetable of the {k} that {d} drives"]),
                  context, rng)]
    if rng.chance(0.6):
        lines += [f"{clock(time)} {stop}" for time, stop in zip(times, stops)]
    else:
        lines.append(tell("it leaves {a} at {ta} and calls at", context, rng) + " " +
                     series(f"{stop} at {clock(time)}" for time, stop in zip(times[1:], stops[1:])) + ".")
    lines.append(tell(rng.choice(_TIMETABLE), context, rng))
    return "\n".join(lines)


_TIMETABLE = ["from {a} to {z} it takes {n} minutes. {p} takes the {k} with @ {o}.",
              "{p} gets in at {a} at {ta} and is in {z} {n} minutes later, at {tz}.",
              "today {d} is {late} minutes late, so {p} will reach {z} at {tl} instead of {tz}.",
              "\"when are we in {z}?\" asks {p}. \"at {tz}, after {n} minutes,\" says {d}. \"and do not forget the "
              "{o}.\""]


def calendar(rng, world):
    month = rng.below(8)
    day = rng.between(1, 30)
    later = rng.between(2, 11)
    person, other = rng.sample(world.people, 2)
    context = {"p": person, "q": other, "m": words.MONTHS[month], "m2": words.MONTHS[(month + 1) % 8],
               "m0": words.MONTHS[month - 1],
               "season": words.SEASONS[month], "d": words.nth(day), "wd": weekday(day), "n": later,
               "d2": words.nth(day + later), "wd2": weekday(day + later),
               "left": MONTH_DAYS - day, "o": words.Item(rng), "g": rng.choice(words.GROWN)[1]}
    begin, middle, end = (tell(rng.choice(part), context, rng) for part in (_CALENDAR_BEGIN, _CALENDAR, _CALENDAR_END))
    return finish(f"{begin} {middle} {end}")


_CALENDAR_BEGIN = ["{m} is a month of {season}; before it comes {m0}, after it {m2}.", "today is {wd}, the {d} of {m}.",
                   "it is the {d} of {m}, @ {wd}, and {p} is waiting for @ {o}.",
                   "{p} has written in the calendar: {wd}, the {d} of {m}, buy {g}.",
                   "on {wd}, the {d} of {m}, {q} lent {p} @ {o}."]
_CALENDAR = ["in {n} days it will be the {d2} of {m}, @ {wd2}.",
             "since the {d} is @ {wd}, the {d2} is @ {wd2}: that is {n} days later.",
             "{p} counts {n} days from {wd}, the {d}, and comes to {wd2}, the {d2} of {m}.",
             "on the {d2} of {m}, which is @ {wd2}, {q} will come for the {o}."]
_CALENDAR_END = ["as every month has 42 days, {left} days of {m} are left after the {d}.",
                 "then {m2} begins, on a Monday like every month, and {p} will sow {g}.",
                 "{q} says that {m2} will be the better month for {g}.",
                 "until {m2} there are {left} days more, and {q} means to use them for {hobby}.",
                 "{p} ties @ {small} to the {o} in order not to forget it."]


def sums(rng, world):
    """Things that are given and taken, and how many are left."""
    a, b, c = rng.sample(world.people, 3)
    one, many = rng.choice(words.GOODS)
    n = rng.between(8, 40)
    given, found = rng.between(2, n - 4), rng.between(2, 12)
    left = n - given
    half = rng.between(2, 9)
    context = {"p": a, "b": b, "c": c, "g": many, "n": n, "x": given, "y": found, "l": left, "s": left + found,
               "o": words.Item(rng, words.CONTAINERS),
               "k": half, "kk": rng.between(2, 6)}
    context["prod"] = context["k"] * context["kk"]
    return finish(" ".join(tell(rng.choice(part), context, rng) for part in _SUMS[rng.below(len(_SUMS))]))


_SUMS = [
    [["{p} had {n} {g} in @ {o}.", "{when}, {p} counted the {g} in @ {o}: there were {n}.",
      "in the {o} of {p} lay {n} {g}."],
     ["{p.she} gave {x} of them to {b} and kept {l}.", "{b} asked for {x} {g}, so {p} had {l} left.",
      "{x} {g} went to {b}, which left {l}."],
     ["then {c} brought {y} more, and that made {s}.", "{y} more {g} came from {c}: {l} and {y} are {s}.",
      "when {c} added {y}, there were {s} in the {o}."],
     ["\"{s} {g},\" said {p}, \"are enough for {food}.\"", "{p} wrote {s} on a slip of paper and put it into the {o}.",
      "{b} still had {x}, and {p} had {s}.", "so {p} went to {place} with {s} {g}."]],
    [["{p} packed {k} {g} into each of {kk} baskets.",
      "there were {kk} baskets {where}, and {p} put {k} {g} into each."],
     ["{kk} times {k} is {prod}, so there were {prod} {g} in all.",
      "\"how many are there?\" asked {b}. \"{prod} {g},\" said {p}, \"because {kk} times {k} is {prod}.\""],
     ["{c} carried one basket to {place}, with {k} {g} in it.", "one basket was for {c}, who got {k} {g}.",
      "{c} paid for all {prod} with @ {o}."],
     ["the rest stayed with {p} until {day}.", "{b} ate one of the {g} and said nothing to {p}.",
      "that evening {p} and {b} had {food} and talked about {g}."]],
]

CAUSES = [("it had rained all night", "the road was muddy"), ("the river had frozen", "no boats could leave"),
          ("the lamp had no oil", "the room stayed dark"),
          ("the bread had been left in the oven", "the bread burned black"),
          ("the gate had been left open", "the goats ran away"), ("the wind was strong", "the kite flew high"),
          ("nobody had watered the beans", "the leaves turned yellow"), ("the rope was old", "the rope broke"),
          ("the milk had stood in the sun", "the milk turned sour"),
          ("the clock had stopped", "everyone came late"), ("the snow had melted", "the river rose"),
          ("the ice was thin", "the ice cracked"),
          ("the bell rang", "the children ran inside"), ("the fire had gone out", "the soup was cold"),
          ("the roof had a hole", "the floor got wet"),
          ("the knife was blunt", "nobody could cut the cheese"), ("the cart was too heavy", "a wheel broke off"),
          ("the frost came early", "the plums fell unripe"),
          ("the cat had knocked over the jug", "there was milk on the floor"),
          ("the well was dry", "people carried water from the river"),
          ("the iron was hot", "the iron could be bent"), ("the ground was hard", "the spade did not go in"),
          ("the sun was low", "the shadows were long"),
          ("the door was not locked", "the wind blew the door open"),
          ("the bees had plenty of flowers", "there was much honey"),
          ("the bridge was closed", "the coach took the long road")]


def cause(rng, world):
    cause_text, effect = rng.choice(CAUSES)
    second, second_effect = rng.choice(CAUSES)
    while second == cause_text:
        second, second_effect = rng.choice(CAUSES)
    a, b = rng.sample(world.people, 2)
    context = {"p": a, "b": b, "c": cause_text, "e": effect, "c2": second, "e2": second_effect, "t": a.town,
               "o": words.Item(rng)}
    return finish(" ".join(tell(rng.choice(part), context, rng) for part in _CAUSE))


_CAUSE = [["{when}, {p} of {t} saw that {e}.", "{p} came home with @ {o} and found that {e}.", "in {t}, {where}, {c}.",
           "{hour}, {p} noticed at {place} that {c}."],
          ["because {c}, {e}, and {b} had to help {p}.", "\"why?\" asked {b}. \"{c}, and so {e},\" said {p}.",
           "{p} explained to {b}: if {c}, it is no wonder that {e}.",
           "{b} thought about it: {e}, since {c}."],
          ["had {p} been there with the {o}, it would have been otherwise.",
           "then {b} asked {p} what would happen next.", "{p} wrote it down for {b}: cause, {c}; effect, {e}."],
          ["it was the same {where} in {month}: {c2}, therefore {e2}.",
           "on {day}, {e2}, for {c2}, and again {b} came with @ {o}.",
           "\"and do you know why {e2}?\" asked {b}. \"because {c2},\" said {p}."]]


def logic(rng, world):
    first, second = rng.sample(world.animals, 2)
    group, other_group = rng.sample(GROUPS, 2)
    owner, friend = rng.sample(world.people, 2)
    name, place = rng.choice(ANIMAL_NAMES), rng.choice(words.PLACES)
    context = {"x": first, "y": second, "g": group[0], "does": group[1], "g2": other_group[0], "does2": other_group[1],
               "p": owner, "b": friend,
               "n": name, "place": place, "c": rng.choice(words.words("red, blue, green, white, black, yellow")),
               "o": rng.choice(words.OBJECTS)}
    return finish(" ".join(tell(rng.choice(part), context, rng) for part in rng.choice(_LOGIC)))


GROUPS = [("night walkers", "sees in the dark"), ("climbers", "has hooked claws"), ("swimmers", "has webbed feet"),
          ("diggers", "has strong paws"),
           ("singers", "has a good ear"), ("sleepers", "has a thick coat"), ("jumpers", "has long hind legs"),
          ("gatherers", "keeps a store for winter")]
ANIMAL_NAMES = words.words("Tuft, Speck, Whisk, Nib, Bristle, Moss, Flick, Pip, Dapple, Snuff, Twig, Crumb")
_LOGIC = [
    [["all {x}s are {g}, says {p}.", "{p} has learned at school that every {x} is one of the {g}.",
      "if something is @ {x}, it is one of the {g}, and {p} knows it."],
     ["every one of the {g} {does}.", "and whatever is one of the {g} {does}."],
     ["{n}, who lives with {b}, is @ {x}.", "{b} keeps @ {x} called {n}."],
     ["so {n} {does}.", "what follows? {n} {does}.", "\"then {n} {does},\" says {b} to {p}."],
     ["from this alone we cannot tell whether @ {y} {does}.", "about the {y}s of {p} this says nothing.",
      "but {p} may not conclude that whatever {does} is @ {x}: it may be @ {y}."]],
    [["no {x} is one of the {g}.", "{p} is sure: among the {g} there is not a single {x}.",
      "the {g} and the {x}s have nothing in common, says {p}."],
     ["{n} is one of the {g}.", "{b} knows that {n} belongs to the {g}."],
     ["therefore {n} is not @ {x}.", "so whatever {n} is, it is no {x}."],
     ["{p} had thought that {n} was @ {x}, and was wrong.", "could {n} be @ {y}, then? {b} thinks that it may.",
      "{b} wins @ {small} from {p}, who had said otherwise."]],
    [["either {p} or {b} has the {c} {o}.", "the {c} {o} is with {p} or with {b}, and with nobody else."],
     ["{p} was at {place} all day without it.", "{p} has empty hands and empty pockets."],
     ["so {b} must have the {o}.", "then it is {b} who has the {c} {o}."],
     ["if {b} gives the {o} to {p}, {b} has it no longer.",
      "and whoever looks for the {o} should go to {b}, not to {p}."]],
    [["{p} is older than {b}, and {b} is older than {n}, the {x}.",
      "{b} is younger than {p}, but older than the {x} called {n}."],
     ["so {p} is older than {n}, too.", "then {n} is the youngest of the three."],
     ["the oldest is {p}.", "in a row by age stand {p}, {b}, {n}."]],
]


def listing(rng, world):
    """A list, and afterwards what was done with each of its things, in order."""
    a, b = rng.sample(world.people, 2)
    items = words.items(rng, rng.between(3, 5))
    context = {"p": a, "b": b, "t": b.town, "n": NUMBERS[len(items)]}
    lines = [tell(rng.choice(["{p} packed for the journey to {t}:",
                              "lost and found at the inn of {t}, as {p} wrote it down:",
                              "{p} has to bring {b} {n} things:",
                              "things that {b} left {where}, found by {p}:"]), context, rng)]
    lines += [f"- {item}" for item in items]
    after = [tell(rng.choice(["the {x} went to {q}", "{q} took the {x}", "the {x} was put {w}", "the {x} was for {q}"]),
                  {"x": item, "q": rng.choice(world.people), "w": rng.choice(words.ROOMS)}, rng) for item in items]
    after = [after[0]] + [text[0].lower() + text[1:] if text.startswith("The ") else text for text in after[1:]]
    lines.append(series(after) + ". " + tell(rng.choice(["in the end {p} had nothing left of the {n} things.",
                                                         "\"that makes {n},\" said {b} to {p}.",
                                                           "so all {n} were gone by {day}.", ""]), context, rng))
    lines[-1] = lines[-1].strip()
    return "\n".join(lines)
