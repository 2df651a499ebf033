"""The Russian corpus: people, towns and small stories of their own."""
import re

from . import russian_words as words
from .grammar import Rng, finish, raw
from .russian_words import COIN, Thing, counted

_BEGIN = "Б Бр В Вл Г Гр Д Др З К Кр Л М Н Р С Св Т Тр Яр Ол Ар Ил Ум".split()
_VOWEL = "а е и о у".split()
_MIDDLE = "л р н м д в т рн лм нд ст рд лт см".split()
_LAST = {"м": "ан ар ир ор ур ел ен им ат ес".split(), "ж": "ин ан ир ар ол ел ад им ат ес".split()}


class World:
    def __init__(self, seed):
        rng = Rng(seed, "russian")
        used = set()

        def invent(end):
            while True:
                first = rng.choice(_BEGIN)
                stem = first + (rng.choice(_VOWEL) if first[-1] not in "аеиоуяОАИУ" else "") + rng.choice(_MIDDLE) + end()
                if stem not in used and len(stem) > 3:
                    used.add(stem)
                    return stem

        self.towns = [words.town_of(invent(lambda: rng.choice(["овск", "овк", "инск", "инк"]))) for _ in range(16)]
        self.people = []
        for gender in "мж" * 60:
            person = words.name_of(invent(lambda: rng.choice(_LAST[gender])), gender)
            person.town, person.job = rng.choice(self.towns), rng.choice(words.JOBS[gender])
            person.food, person.drink, person.hobby = (rng.choice(each) for each in (words.FOODS, words.DRINKS, words.HOBBIES))
            self.people.append(person)


def _numbers(rng):
    """Numbers none of which ends in 1: that would want a verb in the singular ("осталась 21 груша")."""
    while True:
        cost, missing, n = rng.between(12, 40), rng.between(2, 9), rng.between(5, 20)
        given, more = rng.between(2, n - 2), rng.between(2, 9)
        if all(x % 10 != 1 for x in (cost, cost - missing, n, n - given, n - given + more)):
            return cost, missing, n, given, more


_TYPESET = [(re.compile(pattern), new) for pattern, new in (
    (r'"([^"]*),"( [^".]*), "([^"]*)"', r"«\1, —\2, — \3»"),       # "a," said he, "b."
    (r'"([^"]*),"', r"«\1», —"),
    (r'"([^"]*[?!])" (?=[а-яё])', r"«\1» — "),
    (r'"([^"]*)"', r"«\1»"),
    (r"\.»", "»."),
    (r"\b([вВ]) (?=[вф][бвгджзклмнпрст])", r"\1о "), (r"\b([вВ]) (?=[ВФ][бвгджзклмнпрст])", r"\1о "),
    (r"\b([сС]) (?=[сСзЗ][бвгджзклмнпрст])", r"\1о "),
    (r"\b([оО]) (?=[аиоуэАИОУЭ])", r"\1б "))]
_QUOTED = re.compile(r"«([а-яё])")


def typeset(text):
    """Russian quotation marks and dashes, and prepositions as the next word wants them: в, во; с, со; о, об."""
    for pattern, new in _TYPESET:
        text = pattern.sub(new, text)
    return _QUOTED.sub(lambda match: "«" + match.group(1).upper(), finish(text))


def cast(rng, world):
    p, q, r = rng.sample(world.people, 3)
    o, o2 = (Thing(rng.choice(words.ADJECTIVES), noun) for noun in rng.sample(words.OBJECTS, 2))
    b = Thing(rng.choice(words.BEAST_ADJECTIVES), rng.choice(words.BEASTS))
    place1, place2 = rng.sample(words.PLACES, 2)
    goods = rng.choice(words.GOODS)
    cost, missing, n, given, more = _numbers(rng)
    price, count = rng.between(2, 6), rng.between(2, 9)
    context = {"p": p, "q": q, "r": r, "o": o, "on": o.noun, "o2": o2, "o2n": o2.noun, "b": b, "bn": b.noun, "t": p.town, "t2": rng.choice(world.towns),
               "pj": p.job, "qj": q.job, "rj": r.job, "погода": rng.choice(words.WEATHER), "день": rng.choice(words.DAYS), "день2": rng.choice(words.DAYS),
               "еду": rng.choice(words.FOODS), "пить": rng.choice(words.DRINKS), "g": goods, "c": Thing(rng.choice(words.ADJECTIVES), rng.choice(words.CONTAINERS)), "цена": counted(cost, COIN, "в"),
               "есть": counted(cost - missing, COIN), "нет": missing, "мало": counted(missing, COIN), "мало_в": counted(missing, COIN, "в"),
               "много": counted(n, goods), "много_в": counted(n, goods, "в"), "дал": counted(given, goods, "в"), "ост": counted(n - given, goods), "ещё": counted(more, goods, "в"), "стало": counted(n - given + more, goods),
               "по": counted(price, COIN), "штук": counted(count, goods, "в"), "всего": counted(price * count, COIN, "в"), "p_town": p.town, "q_town": q.town}
    for name, place in (("м1", place1), ("м2", place2)):
        context.update({name: place[0], name + "_куда": place[1], name + "_откуда": place[2], name + "_за": place[3]})
    return context


OPENINGS = ["в {день} {pj} {p} из {t.р} {did}.", "жил{p.а} в {t.п} {pj} {p}. однажды, в {день}, {p.он} {did}.", "[утром|с утра|весь день] за окном: {погода}. {p} {did}.",
            "в городе {t.п}, [недалеко от реки|у самой реки|среди полей], жил{p.а} {p}. в {день} {p.он} {did}.",
            "об этом до сих пор говорят в {t.п}: {pj} {p} {did}.", "[утром|вечером|рано утром|после обеда] {p} {did}.",
            "{p} любил{p.а} {p.hobby}, но в {день} {p.он} {did}."]
PLOTS = [
    ("пош{p.ёл} {м1_куда} и взял{p.а} с собой {o.в}", [
        ["{м1} {p} присел{p.а} отдохнуть, а когда встал{p.а}, {on.р} уже не было.", "по дороге {p} увидел{p.а} {b.в} и забыл{p.а} про {on.в}."],
        ["{p} искал{p.а} {on.в} {м1} и {м2}, но не наш{p.ёл}.", "\"где же {on}?\" [спросил{p.а}|подумал{p.а}] {p} и вернул{p.ся} {м1_куда}."],
        ["навстречу ш{q.ёл} {q}, {qj} из {q_town.р}. {q.он} помог{q.ла} искать.", "{p} рассказал{p.а} обо всём {q.д}, и они пошли вместе."],
        ["{м2} {q} увидел{q.а} {b.в}: рядом лежал{on.а} {on}!", "вдруг {q} закричал{q.а}: \"вот {on.он}!\" и поднял{q.а} {on.в} из травы."],
        ["{p} обнял{p.а} {q.в} и отн{p.ёс} {on.в} домой.", "{p} сказал{p.а} {q.д} спасибо и угостил{p.а} {q.в}: они ели {еду}."]]),
    ("наш{p.ёл} {м1} {b.в}", [
        ["{bn} дрожал{bn.а} от холода и не ел{bn.а}.", "{bn} смотрел{bn.а} на {p.в} и молчал{bn.а}.", "у {bn.р} болела нога."],
        ["{p} накрыл{p.а} {bn.в} платком и пош{p.ёл} к {q.д}.", "{p} не знал{p.а}, что делать, и позвал{p.а} {q.в}."],
        ["\"дай {bn.д} воды и тёплый угол,\" сказал{q.а} {q}.", "{q}, {qj}, посмотрел{q.а} на {bn.в} и сказал{q.а}: \"надо ждать до утра.\"", "\"это {bn} {r.р},\" сказал{q.а} {q}."],
        ["всю ночь {p} сидел{p.а} рядом с {bn.т}.", "три дня {p} носил{p.а} {bn.д} еду {м2_откуда}."],
        ["потом приш{r.ёл} {r} и узнал{r.а} {bn.в}. {r.он} подарил{r.а} {p.д} {o.в}.", "через неделю {bn} уже бегал{bn.а} {м2_за}, и {p} был{p.а} {p.рад}."]]),
    ("хотел{p.а} купить {o.в} у {q.р}", [
        ["{q} просил{q.а} за {on.в} {цена}.", "{on} стоил{on.а} {цена}."],
        ["у {p.р} было только {есть}: не хватало {нет}.", "{p} посчитал{p.а} деньги: {есть}. до цены не хватало {нет}."],
        ["\"помоги мне отнести {o2.в} {м1_куда},\" сказал{q.а} {q}, \"и я дам тебе {мало_в}.\"", "{q} попросил{q.а} {p.в} подмести двор {м1_за} и дал{q.а} за это {мало_в}."],
        ["{p} так и сделал{p.а}. теперь денег хватило, и {p.он} заплатил{p.а} {цена}.", "{p} работал{p.а} до вечера и заработал{p.а} {мало_в}."],
        ["{p} ун{p.ёс} {on.в} домой, в {t.в}.", "с тех пор {on} стоит у {p.р} на окне, а {q} иногда приходит в гости."]]),
    ("поссорил{p.ся} с {q.т} из-за {o.р}", [
        ["\"{on} мо{on.чьё}!\" кричал{p.а} {p}. \"нет,\" отвечал{q.а} {q}.", "{p} говорил{p.а}, что наш{p.ёл} {on.в} {м1}, а {q} говорил{q.а}, что потерял{q.а} {on.его} там."],
        ["три дня {p} и {q} не разговаривали.", "{q} не приходил{q.а} больше к {p.д}, даже когда был пирог."],
        ["тогда {rj} {r} позвал{r.а} обоих и поставил{r.а} перед ними {on.в}.", "{r}, {rj}, сказал{r.а}: \"пусть {on} будет у меня.\""],
        ["{p} посмотрел{p.а} на {q.в}, и {q} улыбнул{q.ся}.", "{q} первый раз за три дня посмотрел{q.а} на {p.в}."],
        ["они помирились и вместе ели {еду}.", "теперь {on} {м2}, и каждый может {on.его} взять."]]),
    ("долж{p.ен} был{p.а} сторожить {м1} {o.в}", [
        ["ночью {м1_за} что-то зашуршало.", "было темно, и {p} боял{p.ся}."],
        ["{p} взял{p.а} {o2.в} и вы{p.шел} за дверь.", "\"кто там?\" спросил{p.а} {p} и поднял{p.а} {o2.в}."],
        ["это был{bn.а} {b}!", "в темноте стоял{bn.а} {b} и ел{bn.а} чужое сено."],
        ["{p} засмеял{p.ся} так громко, что проснул{q.ся} {q}.", "{p} у{p.вёл} {bn.в} {м2_куда}, а утром рассказал{p.а} всё {q.д}."],
        ["\"вот так сторож!\" сказал{q.а} {q}, и они пили {пить}.", "{q} дал{q.а} {p.д} за службу {o2.в}, а {bn} получил{bn.а} яблоко."]]),
    ("решил{p.а} сделать {q.д} подарок", [
        ["{p} долго думал{p.а} и выбрал{p.а} {o.в}.", "{q} давно мечтал{q.а} о {o.п}, и {p} это знал{p.а}."],
        ["{on.и} нуж{on.ен} был{on.а} срочно, а денег не было.", "{r} помог{r.ла} {p.д} починить {on.в}."],
        ["в {день2} {p} прин{p.ёс} {on.в} {м1_куда}, где {q} работал{q.а}.", "{p} завернул{p.а} {on.в} в бумагу и спрятал{p.а} {м2_за}."],
        ["\"это мне?\" спросил{q.а} {q} и покраснел{q.а}.", "{q} открыл{q.а} дверь, увидел{q.а} {on.в} и долго молчал{q.а}."],
        ["вечером {p}, {q} и {r} сидели вместе и ели {еду}.", "с того дня {q} не расстаётся с {on.т}."]]),
]
SUMS = [
    ["у {p.р} было {много}. {p} дал{p.а} {q.д} {дал}, и осталось {ост}. потом {r} прин{r.ёс} ещё {ещё}. теперь у {p.р} {стало}.",
     "{p} собрал{p.а} {много_в} и положил{p.а} в {c.в}. {q} взял{q.а} {дал}. в {c.noun_п} осталось {ост}. {r} добавил{r.а} {ещё}, и стало {стало}."],
    ["{q} продаёт {м1} товар: од{g.ин} {g} стоит {по}. {p} берёт {штук} и платит {всего}. \"спасибо, {p},\" говорит {q}.",
     "\"сколько стоит {g}?\" спросил{p.а} {p}. \"{по},\" ответил{q.а} {q}. {p} купил{p.а} {штук} за {всего} и пош{p.ёл} домой, в {t.в}."]]
NOTES = ["{p} живёт в {t.п}. {p.он} работает: {pj}. больше всего {p} любит {p.hobby}, а из еды — {p.food}. из напитков {p.он} выбирает {p.drink}. [в {день} {p} был{p.а} {м1}|однажды {p} потерял{p.а} {м1} {o.в}|у {p.р} есть {b}|соседей зовут {q} и {r}].",
         "расскажу о {p.п}. {p.он} — {pj} и живёт в городе {t.п}. {p} [хорошо умеет|любит|привык{p.ла}] {p.hobby}. дома у {p.р} есть {b} и {o}. [в {день}|по утрам|зимой] {p.он} пьёт {p.drink} и ест {p.food}.",
         "кто это? это {p}, {pj} из {t.р}. {q} говорит, что {p} любит {p.hobby}. {r} добавляет: \"и ещё {p.food}!\" а {p} сидит {м1}, держит {o.в} и пьёт {p.drink}."]
LETTERS = ["дорог{q.ой} {q}!\nпишу тебе из {t.р}. у нас {погода}. в {день} я видел{p.а} {м1} {b.в}, и {bn} утащил{bn.а} {o.в}. теперь мне нуж{o2n.ен} {o2}. если у тебя есть {o2n}, пришли, пожалуйста. {r} передаёт тебе привет.\nтв{p.ой2} {p}",
           "здравствуй, {q}!\nспасибо за {o.в}. {on} стоит на столе, и все спрашивают, чей это подарок. в {день} приезжай в {t.в}: мы будем есть {еду} и пить {пить}. {r} принесёт {o2.в}.\nтв{p.ой2} {p}"]


class Corpus:
    def __init__(self, seed, part, world):
        self.rng, self.world = Rng(seed, "russian", part), world

    def story(self):
        rng, context = self.rng, cast(self.rng, self.world)
        did, stages = rng.choice(PLOTS)
        context["did"] = raw(did, context, rng)
        lines = [raw(rng.choice(OPENINGS), context, rng)] + [raw(rng.choice(stage), context, rng) for stage in stages]
        return typeset(" ".join(lines))

    def text(self):
        rng = self.rng
        roll = rng.below(10)
        if roll < 6:
            return self.story()
        form = rng.choice(NOTES if roll < 8 else rng.choice(SUMS) if roll < 9 else LETTERS)
        return typeset(raw(form, cast(rng, self.world), rng))
