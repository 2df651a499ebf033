"""Stories in several sentences: an opening, what somebody wanted, what happened, what came of it.

Each plot is a list of stages; a stage is told in one of its ways. {p} is the hero ("I" in a diary or
letter), {q} a helper, {r} a third person, {o} and {o2} objects, {b} an animal; {o.noun} names the object again in short.
"""
from . import words
from .grammar import LEXICON, raw, tell
from .society import family_of

LEXICON.update({
    "weather": ["{sky} [came|blew] over the roofs of {t}", "that day there was {sky}",
                "[there had been|{t} had] {sky} all night",
                "{sky} had kept people indoors", "the morning began with {sky}"],
    "when": ["one {day} in {month}", "on a {day} in {month}", "last {month}",
             "in the [first|second|third|last] week of {month}",
             "{hour} on a {day}", "on the {nth} of {month}", "the day before the feast",
             "one [bright|wet|cold|quiet] {day}"],
    "nth": ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "twelfth",
            "fifteenth",
            "eighteenth", "twentieth", "thirtieth"],
    "where": ["near {place}", "behind {place}", "on the way to {place}", "not far from {place}", "beside {place}",
              "in front of {place}"],
    "moral": ["ever since, {p} has kept @ {small} [from that day|from that {day}] in {p.her} [pocket|drawer|window]",
              "from then on {p} and {q} [greeted|visited|helped] each other every {day}",
              "{people_say} that [patience|help|a kind word|a good neighbour] is worth more than @ {o}",
              "to this day, people in {t} [smile|nod|laugh] when they see {p.o} with @ {o}",
              "and if you ask {q} about it, {q.she} will [tell|show] you [the whole story|everything] [over a cup of "
              "{drink}|for @ {small}]",
              "that night {p} slept [well|soundly] and dreamed of @ {b}",
              "[next|the following] {day}, {q} brought {p.o} @ {small} and a [bowl|pot|plate] of {food}",
              "and so the {day} that had begun [badly|quietly|strangely] ended with {food} for {p.o} and {q}"],
})

OPENINGS_CHILD = [
    "{when}, {p} {p.family}, the {son} of {parent}, {did}.",
    "{weather}. {p}, @ [young|lively|quiet|clever|small] {p.child} from {t}, {did}.",
    "in {t}, on the river {river}, there lived @ {p.child} [called|named] {p}. {when} {p.she} {did}.",
    "{p} {p.family} of {t} loved {p.hobby}, but {when} {p.she} {did}.",
    "this [story|tale] is about {p}, whose {parent.mother_word} {parent} lived in {t}. {when}, {p.she} {did}.",
    "{p} had [a whole|a long|a free] {day} before {p.him} and nothing to do. so {p.she} {did}.",
]
OPENINGS_GROWN = [
    "{when}, {p} {p.family}, @ {p.job} [from|in|of] {t}, {did}.",
    "{weather}. {p}, the {p.job}, {did}.",
    "in {t}, on the river {river}, lived @ {p.job} [called|named] {p}. {when} {p.she} {did}.",
    "{p} {p.family} was @ [good|busy|careful|cheerful|poor] {p.job}. {when}, after a plate of {food}, {p.she} {did}.",
    "people in {t} still talk of {p} the {p.job}. {when}, {p.she} {did}.",
    "{p} lived with {p.her} {p.pet} in {t} and worked as @ {p.job}. {when} {p.she} {did}.",
]
OPENINGS_DIARY = [
    "{weather}, but I {did}.", "after [breakfast|lunch|work|a plate of {food}], I {did}.", "{hour}, I {did}.",
    "today I {did}[, although there was {sky}|].",
]
OPENINGS_LETTER = OPENINGS_DIARY[:1] + ["{when} I {did}."]

# The opening says what the hero did; then the stages follow.
PLOTS = {
    "lost": ("{walked} to {place1} with @ {o}", [
        ["the {o.noun} [belonged|had belonged] to {p.her} {kin}, and {p} had promised to [bring it back|take care of "
         "it|keep it dry].",
         "{p} meant to show the {o.noun} to {q_intro}, who had never seen one so {o.adj}.",
         "it was a present for {q_intro}, and {p} carried the {o.noun} carefully under {p.her} coat."],
        ["at {place1} {p.she} sat down to rest, and when {p.she} got up, the {o.noun} was gone.",
         "on the way {p} stopped to watch @ {b}. only at {place1} did {p.she} notice that the {o.noun} was missing.",
         "{sky} came up, {p} ran for shelter, and when it was over {p.she} no longer had the {o.noun}."],
        ["{p} {looked} under every [bush|bench|stone] {where}, but there was no {o.noun}, only @ {small} [in the "
         "grass|in the mud].",
         "\"where did you have the {o.noun} last?\" asked {q}. {p} thought [hard|for a moment] and said, \"at "
         "{place1}, {where}.\"",
         "{p} told {q} about the {o.adj} {o.noun}. \"two pairs of eyes [find|see] more than one,\" said {q}[| "
         "{quietly}]."],
        ["{q} {looked} {where} while {p} went back to {place1}.",
         "together {p} and {q} searched from {place1} to {place2}, [slowly|step by step|until dusk]."],
        ["then {q} heard @ {b} [behind|beside] {place2}: the {b.noun} [was lying on|was playing with|had found] the "
         "{o.noun}!",
         "in the end it was {r}, the {r.job}, who had picked up the {o.noun} and [hung|put|left] it at {place2}.",
         "just when {p} was about to give up, {q} saw something {o.adj} under @ {tree}. it was the {o.noun}."],
        ["{p} thanked {q} and gave {q.him} @ {small}, and the {o.noun} [came home|was home] before [dark|supper].",
         "{p} was so {glad} that {p.she} [hugged|thanked] {q} twice and carried the {o.noun} home in both hands.",
         "from that day on @ [ribbon|string] hung from the {o.noun}, and {q} laughed whenever {q.she} saw it."]]),
    "animal": ("found @ {b} {where}", [
        ["the {b.noun} was {cold} and [would not|could not] [move|eat|walk].",
         "the {b.noun} had @ {small} stuck in its [foot|throat|fur] and looked at {p.o} [sadly|with big eyes|without a "
         "sound].",
         "nobody was with the {b.noun}, and there was {sky} on the way."],
        ["{p} wrapped the {b.noun} in {p.her} [coat|scarf|apron] and [carried|brought|led] it to {q_intro}.",
         "{p} did not know what to do, so {p.she} ran to {q_intro}, who [knew|understood] animals.",
         "\"come, {b.noun},\" said {p}, and [step by step|slowly|with much patience] {p.she} got it as far as "
         "{place1}, where {q_intro} [was working|lived]."],
        ["\"@ {b.adj} {b.noun} needs [warm milk|rest|dry straw|{food}],\" said {q}, \"and somebody who [stays|sits] "
         "with it.\"",
         "{q} looked at the {b.noun} [for a while|for a long time|closely] and said, \"it is only "
         "[hungry|frightened|cold]. give it {food} and a "
         "dry [sack|basket|corner].\"",
         "\"I know that {b.noun},\" said {q}. \"it belongs to {r}, the {r.job}.\""],
        ["all night {p} sat beside the {b.noun} and [fed|warmed|stroked] it.",
         "for {amount} days {p} brought the {b.noun} [water|milk|{food}] from {place2}.",
         "{p} made the {b.noun} a bed out of @ {o} and some [hay|straw|wool]."],
        ["on the {nth} day the {b.noun} stood up, shook itself and [ate|stole] a whole plate of {food}.",
         "then {r}, the {r.job}, came by, [saw|recognised] the {b.noun} and [cried|laughed] for joy. \"you have saved "
         "my {b.noun}, {p_name}!\"",
         "[one|the next] morning the {b.noun} was well again and followed {p.o} to {place2}."],
        ["{r} from {place2} gave {p.o} @ {o2} as thanks, and {p} [hung|put] it over the door.",
         "{q} and {p} named the {b.noun} {small_name}, and {small_name} lives in {t} to this day.",
         "now the {b.noun} waits {where} every {day}, because {p} might [come|pass] with @ {small}."]]),
    "storm": ("saw [black clouds|a wall of cloud|dark clouds] over {place1}", [
        ["by [noon|dusk] there was {sky}, and the wind tore [a board|three tiles|the shutters] from the roof of "
         "{q_intro}.",
         "the storm broke so suddenly that {q_intro} had no time to bring in the {goods}."],
        ["because the roof was open, the rain ran into {q.her} kitchen and over @ {o}.",
         "the water rose {where}, so {q.her} cellar filled up, and @ {o} [floated|drifted] on it.",
         "the wind blew the door open and carried @ {o} off towards {place2}."],
        ["{p} did not wait. {p.she} fetched @ {o2} and [called|woke] {r}, the {r.job}.",
         "\"hold the [ladder|rope|lamp], {p_name}!\" called {q}, and {p} held it with both hands, although {p.she} "
         "{p.was} {sad}.",
         "{p} ran to {place2} for help and came back with {r}, who brought @ {o2}."],
        ["{r} and {p} worked for {while} in the {sky}, and {q} [held|carried] the lamp.",
         "first they saved the {o.noun}, then the {goods}, and last of all @ {b}.",
         "{p} [nailed|tied] the boards down, {r} [carried|swept] out the water, and {q} made {drink} for everyone."],
        ["when {day} came, the sun shone, and {q} had a dry [house|kitchen] again.",
         "in the morning everything was quiet. only @ {tree} {where} had fallen.",
         "the storm passed in the night, and nothing was lost but some {goods}."],
        ["{q} gave {p.o} the {o.noun}. \"it would have drowned without you,\" {q.she} said.",
         "\"next time there is {sky}, I will come to you,\" said {r}, and {p} [nodded|laughed].",
         "from then on {p} looked at the sky over {place1} every evening, and {q} kept @ {o2} ready."]]),
    "bake": ("wanted to make {food1} for {q_intro}", [
        ["it was to be a surprise, for {q} had [been ill|come home|finished @ {o}|had a hard week].",
         "{q} had once said that nobody in {t} could make {food1} any more.",
         "{p.her} {kin} had left {p.o} a recipe, written on the back of a letter."],
        ["{p.she} bought {amount} {goods} and a jug of milk, and borrowed @ {o} from {r}.",
         "there were no {goods} in the house, so {p} [ran|went] to {place1} to buy {amount}.",
         "{p} put the {goods} in @ {o} and stirred for {while}."],
        ["but {p} mistook the salt for the sugar, and the first {food1} tasted like [the sea|a wet boot].",
         "but while {p} talked to {r} at the window, the {food1} burned black, because the fire was too hot.",
         "but @ {b} came in through the open door and ate [half|most|all] of the {food1}."],
        ["\"[never mind|do not worry|that can happen],\" said {r}, who had smelled it from {place2}. \"we still have "
         "{amount} {goods}.\"",
         "{p} sat down on the step. {r} came by and asked what was wrong, and {p} told {r.him} about the {food1}.",
         "{p} began again, and this time {r} watched the fire and {p} [tasted|stirred] with a long spoon."],
        ["the second try was [golden|sweet|light|perfect], and the smell went through the street as far as {place2}.",
         "an hour later the {food1} stood on the table beside @ {o}."],
        ["{q} ate three helpings and said, \"I have not had such {food1} since my {kin} was alive.\"",
         "when {q} came, {q.she} [laughed|cried a little], and all three ate {food1} until it was dark.",
         "{q} asked for the recipe. \"first burn it, then begin again,\" said {p}."]]),
    "price": ("went to market with {total} pennies in {p.her} pocket", [
        ["{p.she} wanted to buy @ {o}, which cost {cost} pennies at the stall of {q_intro}.",
         "at the stall of {q_intro} stood @ {o} for {cost} pennies, and {p} liked it at once."],
        ["but first {p} met {r}, who had [lost|forgotten] {r.her} purse, and lent {r.him} {lent} pennies. so {p} had "
         "{left} pennies left.",
         "on the way {p} bought a bag of {goods} for {lent} pennies, and then {p.she} had only {left} pennies."],
        ["{left} pennies were not enough for the {o.noun}: {missing} were missing.",
         "{p} counted twice. {p.she} had {left} pennies, and the {o.noun} cost {cost}, so {p.she} needed {missing} "
         "more."],
        ["\"I will keep the {o.noun} for you,\" said {q}. \"help me carry these {goods} to {place1}, and I will give "
         "you {missing} pennies.\"",
         "\"[sweep|tidy] my stall,\" said {q}, \"and you shall have the {missing} pennies.\""],
        ["{p} worked for {while}, [carried|counted] the {goods}, and got the {missing} pennies.",
         "so {p} helped {q} until the {goods} were [sold|packed|in the cart], and earned {missing} pennies."],
        ["now {p} had {cost} pennies, paid them all and took the {o.noun} home.",
         "with {left} and {missing} pennies together {p} could pay the {cost}. the {o.noun} was {p.hers}.",
         "{q} counted the {cost} pennies and handed over the {o.noun}. {p} had nothing left, but {p.was} {glad}."]]),
    "fog": ("lost {p.her} way in the [fog|mist|dark] {where}", [
        ["{p.she} had only wanted to take @ {o} to {q_intro} at {place1}.",
         "in {p.her} hands {p} had @ {o} for {q_intro}, and all {p.she} could hear was @ {b}."],
        ["{p} [called|shouted] {amount} times, but only @ {b} answered.",
         "every {tree} looked the same, and the path to {place1} was [gone|under water]."],
        ["then {p} remembered what {r} had taught {p.o}: follow the [water|wall|wind], and you will reach {place2}.",
         "then {p} took the {o.noun} and [knocked|beat] on it as loudly as {p.she} could.",
         "so {p} put the {o.noun} under {p.her} coat and followed a wall, hand over hand."],
        ["{while} passed. at last a light shone {where}, and it was {q} with @ {o2}.",
         "{q} heard the noise, took @ {o2} and went out to look."],
        ["\"I thought you were at {place2}!\" said {q}. \"no,\" said {p}, \"I was [standing still|going in circles] "
         "{where}.\"",
         "\"is that you, {p_name}?\" called {q}. {p} had never been so {glad} to hear {q.him}."],
        ["{q} gave {p.o} a cup of {drink} and [dried|hung up] {p.her} coat, and {p} put the {o.noun} on the table.",
         "{p.they} walked home arm in arm, with @ {b} [before|behind] them and the {o2.noun} [shining|swinging] in the "
         "mist."]]),
    "learn": ("asked {q_intro} to teach {p.him} {skill}", [
        ["\"it takes [patience|time|a steady hand],\" said {q}, \"and @ {o}.\"",
         "{q} [laughed|nodded] and put @ {o} into {p.her} hands. \"begin with this.\""],
        ["the first day everything went wrong: {p} [dropped|broke|bent] the {o.noun} and [hurt|burned] {p.her} thumb.",
         "for {amount} days {p} had no luck, and the {o.noun} seemed [too heavy|too small|far too slippery] for {p.o}."],
        ["\"I shall never learn {skill},\" said {p}. \"I said the same at {place1},\" said {q}, \"and look at me now.\"",
         "{p} was {sad} and hid {where}. there {r} found {p.o} and told {p.o} how long {q} had needed for {skill}.",
         "{r} [smiled|laughed] at {p.o}, and that made {p.o} so cross that {p.she} [tried|began] again."],
        ["so {p} [practised|tried] every evening, [beside|behind] {place2}, even in {sky}.",
         "{p} watched {q} closely: the [hands|fingers|eyes], the {o.noun}, the [slow|quick|quiet] breath."],
        ["by {month} {p} could do it without looking, and {q} had nothing more to teach.",
         "one {day} it simply worked, and {p} ran to {place1} to tell {r}."],
        ["\"keep the {o.noun},\" said {q}. \"one day somebody will ask you for {skill}.\"",
         "{amount} years later {p} taught {skill} to {r}, with the same {o.noun} and the same words."]]),
    "race": ("took part in the [boat|sack|sledge|cart] race from {place1} to {place2}", [
        ["the prize was @ {o}, and {q_intro} wanted it, too.",
         "against {p.o} ran {q_intro}, who had won {amount} times before. the winner was to get @ {o}."],
        ["{q} was [faster|stronger] from the start, and [soon|before {place2}] {p} saw only {q.her} back.",
         "{p} got away first, but {where} {q} came past and [waved|laughed]."],
        ["but then {q} slipped on @ {small} and fell [into a ditch|against @ {tree}].",
         "but {where} @ {b} ran in the way, and {q} fell over the {b.noun}."],
        ["{p} could have won the {o.noun} now. instead {p.she} stopped and helped {q} up.",
         "{p} stopped. \"are you hurt?\" {p.she} asked, and pulled {q} out by the hand, while the others ran on and on."],
        ["so it was {r} who reached {place2} first and won the {o.noun}.",
         "{p.they} crossed the line together, {p} and {q}, and {r} had to [cut the prize in two|think about it for "
         "{while}]."],
        ["{r} looked at the {o.noun} and gave it to {p.o}. \"this is for stopping,\" said {r}.",
         "the {o.noun} stands at {place2} now, with two names on it: {p_name} and {q}."]]),
    "letter": ("found @ {o} [under a floorboard|in the attic|{where}], with a letter in it", [
        ["the letter was from {q_intro} to {r}, and it was {amount} years old.",
         "\"for {r}\" was written on it, in the [neat|small|crooked] hand of {q_intro}."],
        ["{p} did not read it. {p.she} put the {o.noun} under {p.her} arm and went to {place1} to look for {r}.",
         "it began, \"dear {r}, meet me at {place1} on {day},\" and {p} [blushed|stopped reading]."],
        ["{r} turned the {o.noun} over and over. \"I thought {q} had forgotten me,\" said {r}.",
         "when {r} saw the {o.noun}, {r.she} had to sit down, and {p} brought {r.him} some {drink}."],
        ["in the letter {q} had asked for forgiveness because of @ {o2}, long since [lost|broken|mended].",
         "the letter said where {q} had hidden @ {o2}: {where}."],
        ["that same evening {r} went to {q}, with the letter in {r.her} hand and {p.o} [beside|behind] {r.him}.",
         "\"come with me,\" said {r}, and {p} and {r} walked all the way to {place2}, where {q} lived now."],
        ["{q} opened the door, saw the {o.noun} and [said nothing|began to laugh]. then {q} and {r} talked until the "
         "lamps went out.",
         "what {q} and {r} said to each other {p} never heard, but the {o.noun} stands in {q.her} window today, full "
         "of {food}."]]),
    "ferry": ("missed the [ferry|coach|boat] to {t2} because of @ {b}", [
        ["the {b.noun} had run off with {p.her} {o}, and by the time {p} had it back, the landing was empty.",
         "{p} had stopped to free the {b.noun} from a fence {where}, and that took {while}."],
        ["{p} had to be in {t2} before dark with {p.her} {o}, for {q_intro} was waiting there with @ {o2}.",
         "in {t2}, {q_intro} wanted to give @ {o2} for the {o}, and {q.she} was not a patient {q.child}."],
        ["\"there is no other until {day},\" said {r}, the {r.job}, \"but my cart goes as far as {place1}.\"",
         "{r}, who was [mending nets|eating {food}] by the water, offered {p.o} an old [boat|pony]."],
        ["so {p} and {r} travelled together, past {place1} and {place2}, and shared {food} on the way.",
         "it rained, a wheel broke near {place1}, and {r} sang songs about {beast}s, but {p} got to {t2} in time."],
        ["{q} was [still|already] standing at {place2}. \"you are late,\" said {q}. \"blame @ {b},\" said {p}.",
         "when {q} heard about the {b.noun}, {q.she} laughed so loudly that people came out of {place2}."],
        ["{p} gave {q} the {o.noun}, {q} gave {p.o} the {o2.noun}, and {r} got a plate of {food}.",
         "on the way back {p} took [bread|an apple|@ {small}] for the {b.noun}, just in case."]]),
    "quarrel": ("quarrelled with {q_intro} over @ {o}", [
        ["both said that the {o.noun} was theirs. \"I found it {where},\" said {p}. \"and I lost it there,\" said {q}.",
         "{q} had borrowed the {o.noun} in {month} and brought it back [broken|wet|without its handle]."],
        ["for {amount} days {p} and {q} did not [speak|look at each other], and if {q} came to {place1}, {p} left.",
         "{p} told everyone at {place1} what {q} had done, and {q} told everyone at {place2} what {p} had said."],
        ["then {r}, the {r.job}, had enough. {r.she} asked both of them for {drink} and set the {o.noun} on the table.",
         "it was {r} who found the answer: inside the {o.noun} was a name, and it was neither {p_name} nor {q}."],
        ["\"who of you needs @ {o.noun}?\" asked {r}. {p} looked at {q}, and {q} looked at the floor.",
         "\"let the one who is {glad} without it keep it,\" said {r}. nobody said a word for {while}."],
        ["then {p} pushed the {o.noun} over to {q}, and {q} pushed it back.",
         "\"take it,\" said {p} {quietly}. \"no, you take it,\" said {q}."],
        ["in the end {p.they} gave the {o.noun} to {r}, and all three ate {food}.",
         "since then the {o.noun} hangs at {place2}, and anyone may use it, {p_name} on even days and {q} on odd ones."]]),
    "garden": ("planted {amount1} {one} seeds behind {place1}", [
        ["{p.she} watered them every {day}, but because {sky} came early, only {amount2} of them grew, and @ {b} "
         "[watched|looked on].",
         "@ {b} scratched out most of the seeds, so that only {amount2} were left."],
        ["{q_intro} looked over the fence. \"put [ash|straw|moss] round them,\" said {q}, \"then they will not "
         "[freeze|dry out].\"",
         "{p} asked {q_intro} for advice, because {q.she} had the best garden in {t}."],
        ["{p} did what {q} said, and built a small fence out of @ {o} and some string.",
         "together {p} and {q} carried water in @ {o}, from {place2} and back again, {amount} times."],
        ["by {month} the plants were as high as the {b.noun}, and {p} was {glad}.",
         "in {month} the first leaves came, then flowers, and {p} counted them {hour}."],
        ["{p} brought the first {goods} to {q} in the {o.noun}, and the second to {r}, the {r.job}.",
         "{r} wanted to buy everything. \"half is for {q},\" said {p}, \"without {q.him} there would be nothing.\""],
        ["the {b.noun} got its share, too, and the fence was never needed again.",
         "now {q}, {r} and {p} share the ground behind {place1}, and everyone sows something else."]]),
    "watch": ("had to keep watch at {place1} for {q_intro}", [
        ["{q} had gone to {t2} to fetch @ {o}, and there was a rumour of [thieves|wolves|ghosts].",
         "something had been stealing the {goods} every night, and {q} was too tired to stay awake again."],
        ["at first all was quiet, and {p} held @ {o2} tightly. then, {hour}, something [scratched|knocked|rustled] "
         "{where}.",
         "{p} sat with @ {o2} on {p.her} knees and ate {food} against the fear. then a board creaked."],
        ["{p} wanted to run, but {p.her} knees [shook|would not], so {p.she} held up the {o2.noun} and called, \"who "
         "is there?\"",
         "{p} took the {o2.noun}, counted to {amount} and opened the door a little."],
        ["there stood @ {b}, with a mouth full of {goods}.",
         "out came no thief but {r}, who had walked in {r.her} sleep all the way from {place2}."],
        ["{p} laughed so much that {p.she} dropped the {o2.noun}, and the noise woke half of {t}.",
         "{p} [sat down|was so relieved] and shared the rest of the {food}."],
        ["when {q} came back, {p} said only, \"the thief has been [fed|sent home].\"",
         "{q} wrote over the door: beware of {b.noun}s and of {r}."]]),
    "gift": ("made @ {o} for the birthday of {q_intro}", [
        ["it took {p.o} {amount} evenings, and nobody but {r} knew about it.",
         "the idea came from {r}, who had once seen such @ {o.noun} {where}."],
        ["on the day itself {p} saw that others had brought {q} [gold|silver] and [lace|silk], and hid the {o.noun} "
         "behind {p.her} back.",
         "on the way to {q} {p} fell over @ {b}, and a piece of the {o.noun} broke off."],
        ["\"what have you got there?\" asked {q}. {p} [blushed|stammered] and showed the {o.noun}.",
         "{p} wanted to go home again, but {r} pushed {p.o} gently through the door."],
        ["{q} looked at the {o.noun} [for a while|for a long time|from all sides]. then {q.she} set it in the middle "
         "of the table, before all the other "
         "presents.",
         "\"this one has been made by hand,\" said {q}, \"and it is {o.adj}, as I like it.\""],
        ["all evening {q} would not let go of the {o.noun}, and {p} got the biggest piece of {food}.",
         "{r} winked at {p.o}, and they all drank {drink} and danced until {r} fell asleep under the table."]]),
}
SKILLS = words.words("whistling, rowing, knitting, baking, skating, juggling, riding, weaving, reading maps, tying "
                     "knots, mending nets, "
                     "playing the fiddle, whittling, calling owls, milking goats, painting signs, walking on stilts, "
                     "sharpening knives")
SMALL_NAMES = words.words("Button, Pepper, Acorn, Muffin, Pebble, Thistle, Bramble, Nutmeg, Clover, Ginger, Barley, "
                          "Pickle, Mustard, Sorrel")
ONE_DAY = ("lost", "bake", "price", "fog", "race", "letter", "ferry", "watch")      # what fits into a diary
LEXICON["cold"] = ["cold", "wet", "thin", "frightened", "tired", "hurt", "stiff"]


def relation(person, other):
    """What `other` is to the person, in one word."""
    if other is person.spouse:
        return other.wife_word
    if other in (person.mother, person.father):
        return other.mother_word
    return other.son_word if person.grown else other.brother_word


def introduce(rng, hero, narrator, other):
    """How a story first names somebody: by kinship, by trade, by town."""
    if other.family == hero.family:
        return f"{narrator.her} {relation(hero, other)} {other}"
    if other.grown:
        return rng.choice([f"{other} the {other.job}", f"{other} {other.family}", f"the {other.job} {other.full}",
                           f"{narrator.her} neighbour {other}", f"@ {other.job} named {other}"])
    return rng.choice([f"{other} {other.family}", f"{other.mother}'s {other.son_word} {other}",
                       f"{narrator.her} friend {other}", f"little {other}"])


def cast(rng, world, hero, narrator, plot_name):
    """The context of a story about the hero: a helper, a third person, objects, places, numbers."""
    near = [person for person in family_of(hero) if person is not hero]
    helper = rng.choice(near) if rng.chance(0.3) else rng.choice(world.people)
    third = rng.choice(world.grown)
    while helper is hero or third in (hero, helper):
        helper, third = rng.choice(world.people), rng.choice(world.grown)
    o, o2 = words.items(rng, 2)
    if plot_name == "letter":
        o = words.Item(rng, words.CONTAINERS)
    one, goods = rng.choice({"bake": words.INGREDIENTS, "garden": words.GROWN}.get(plot_name, words.GOODS))
    place1, place2 = rng.sample(words.PLACES, 2)
    cost, missing = rng.between(9, 40), rng.between(2, 8)
    lent = rng.between(2, 12)
    return {"p": narrator, "p_name": hero.name, "q": helper, "r": third, "o": o, "o2": o2,
            "b": words.Item(rng, words.BEASTS, words.BEAST_ADJECTIVES), "t": hero.town, "t2": rng.choice(world.towns),
            "river": hero.town.river, "q_intro": introduce(rng, hero, narrator, helper), "place1": place1,
            "place2": place2,
            "one": one, "goods": goods, "food": rng.choice(words.FOODS), "drink": rng.choice(words.DRINKS),
            "sky": rng.choice(words.STORMS if plot_name == "storm" else LEXICON["sky"]),
            "food1": rng.choice(words.BAKED), "skill": rng.choice(SKILLS),
            "small_name": rng.choice(SMALL_NAMES), "cost": cost, "missing": missing, "left": cost - missing,
            "lent": lent,
            "total": cost - missing + lent, "amount1": words.NUMBERS[rng.between(8, 20)],
            "amount2": words.NUMBERS[rng.between(2, 7)], "son": hero.son_word,
            "parent": rng.choice([hero.mother, hero.father])}


def plot(rng, world, hero, narrator, openings, names=tuple(PLOTS)):
    """Sentences of a story with one of the named plots."""
    name = rng.choice(names)
    context = cast(rng, world, hero, narrator, name)
    did, stages = PLOTS[name]
    context["did"] = raw(did, context, rng)
    lines = [tell(rng.choice(openings), context, rng)]
    lines += [tell(rng.choice(stage), context, rng) for stage in stages]
    return lines, context


def story(rng, world):
    hero = rng.choice(world.people)
    openings = OPENINGS_GROWN if hero.grown else OPENINGS_CHILD
    lines, context = plot(rng, world, hero, hero, openings)
    if rng.chance(0.4):
        lines.append(tell("{moral}.", context, rng))
    if rng.chance(0.5):
        return " ".join(lines)
    cut = rng.between(2, 4)
    return " ".join(lines[:cut]) + "\n" + " ".join(lines[cut:])
