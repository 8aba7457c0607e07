"""What the words of a question mean: every word is a concept, filling, or not understood."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cache
from typing import Final

import Stemmer
from rapidfuzz.distance import OSA

Stems = tuple[str, ...]


class Concept(Enum):
    """What a word or phrase stands for, whatever the business calls it."""

    WHY = auto()
    WHAT = auto()
    WHO = auto()
    WHEN = auto()
    WHERE = auto()
    HOW = auto()
    HOW_MANY = auto()
    IF = auto()
    WOULD = auto()
    NEGATION = auto()
    ONLY = auto()
    MUCH = auto()
    FEW = auto()
    AND = auto()
    MORE = auto()
    LESS = auto()
    NUMBER = auto()
    UP = auto()
    DOWN = auto()
    TO = auto()
    BY = auto()
    DOUBLE = auto()
    TRIPLE = auto()
    HALF = auto()
    CHANGE = auto()
    SINCE = auto()
    TIME = auto()
    NEW = auto()
    TOP = auto()
    DRIVER = auto()
    HELP = auto()
    HURT = auto()
    EFFECT = auto()
    ACTION = auto()
    GIVE = auto()
    RANK = auto()
    AVERAGE = auto()
    OTHERS = auto()
    BETTER = auto()
    HIGH = auto()
    LOW = auto()
    PREDICTION = auto()
    FIGURE = auto()
    SCORE = auto()
    OFFER = auto()
    BASELINE = auto()
    INTERVAL = auto()
    SURE = auto()
    OWNER = auto()
    REGION = auto()
    INDUSTRY = auto()
    PROMOTION = auto()
    RESPOND = auto()
    DATA = auto()
    FRESH = auto()
    MODEL = auto()
    GOOD = auto()
    HAPPEN = auto()
    COMPARE = auto()
    VALUE = auto()
    TAKE = auto()
    DO = auto()
    FEATURE = auto()
    UNKNOWN = auto()


C = Concept

# Phrases as people write them; the longest that fits is taken. They are stemmed when they are looked up.
_PHRASES: Final = {
    C.WHY: (
        "why|how come|reason|reasons|because of what|explain|reasoning|justify|justification|rationale|what for|"
        "what made you|what makes you"
    ),
    C.WHAT: "what|which|whats|wat|any|anything|something",
    C.WHO: "who|whos|whom",
    C.WHEN: "when",
    C.WHERE: "where",
    C.HOW: "how|hows",
    C.HOW_MANY: "how many|how much|number of|count of|amount of|nr of",
    C.IF: "if|whatif|what if|wat if|suppose|supposing|assume|assuming|imagine|say|lets say|in case|were to",
    C.WOULD: "would|could|might",
    C.NEGATION: "not|no|none|never|nt|without|isnt|dont|doesnt|didnt|wont|arent|wouldnt",
    C.ONLY: "only|just|merely|exactly",
    C.MUCH: "so much|so many|this much|that much|this many|that many|as many|as much|many|much|lots|a lot",
    C.FEW: "few|so few|so little|little",
    C.AND: "and|also|plus|then|but|or",
    C.MORE: "more|additional|extra|another|further",
    C.LESS: "less|fewer",
    C.UP: (
        "increase|increases|increased|increasing|rise|rises|rose|risen|go up|goes up|went up|going up|grow|grows|grew|"
        "gain|gains|gained|climb|climbs|climbed|add|adds|added|jump|jumps|jumped|improve|improves|improved|raise|"
        "raises|"
        "raised|goes higher|up|higher|bigger|larger"
    ),
    C.DOWN: (
        "decrease|decreases|decreased|decreasing|drop|drops|dropped|dropping|fall|falls|fell|fallen|falling|go down|"
        "goes down|went down|going down|decline|declines|declined|lower|lowers|lowered|cut|cuts|reduce|reduces|reduced|"
        "lose|loses|lost|shrink|shrinks|shrank|sink|sinks|sank|down|smaller"
    ),
    C.TO: "to|at|becomes|become|became|reach|reaches|reached|hit|hits|equals|is|was|were|instead of|be|had|have|has",
    C.BY: "by",
    C.DOUBLE: "double|doubles|doubled|twice|twice as many|twice as much",
    C.TRIPLE: "triple|triples|tripled|three times",
    C.HALF: "half|halve|halves|halved|half as many|half as much",
    C.CHANGE: ("change|changes|changed|changing|develop|developed|evolved|different|difference|differ|differs"),
    C.SINCE: "since|compared to|compared with|from|versus|vs|than|against",
    C.TIME: (
        "last week|last time|last month|last snapshot|last build|last run|yesterday|previous snapshot|"
        "previous|the previous one|last|week|month|lately|before|the other day|the last one|past week|last looked|"
        "last checked|past month|few days|couple of days"
    ),
    C.NEW: "new",
    C.TOP: (
        "top|main|mainly|biggest|strongest|key|most|most important|important|largest|major|principal|primary|greatest|"
        "heaviest|strong|single|worst|best|number one"
    ),
    C.DRIVER: (
        "driver|drivers|factor|factors|signal|signals|shap|shap values|shap value|feature|features|drive|drives|"
        "driving|driven|push|pushes|pushing|bring|brings|bringing|pull|pulls|pulling|influence|influences|"
        "influencing|contribute|contributes|contributing|contribution|contributions|"
        "move|moves|moving|contributor|contributors|matter|matters|behind|variable|variables|inputs|levers|lever"
    ),
    C.HELP: (
        "help|helps|helping|boost|boosts|boosting|boosters|positive|positives|pro|pros|upside|upsides|strengths|"
        "strength|"
        "speaks for|speak for|lift|lifts|lifting|push up|pushes up|pushing up|pushing it up|pushes it up|pull up|"
        "pulls up|in their favour|in their favor|works for|tailwind|tailwinds|plus side|plus points|raising|"
        "drives it up|pushing them up|works in their favour|works in their favor|work in their favour|in favour|"
        "in favor|"
        "going for them|on their side"
    ),
    C.HURT: (
        "hurt|hurts|hurting|negative|negatives|con|cons|downside|downsides|weakness|weaknesses|speaks against|"
        "speak against|drag|drags|dragging|drags down|dragging down|drags it down|dragging it down|pulls down|"
        "pulling down|pulls it down|pulling it down|pull it down|dragging them down|pulling them down|pull them down|"
        "holds back|holding back|hold back|holds it back|"
        "holding it back|holding them back|holds them back|against them|against it|brake|brakes|headwind|headwinds|"
        "costs them|costing them|costs most|minus side|minuses|detractor|detractors|lowering|detract|detracts|"
        "working against|works against|work against|"
        "keeping it low|keeps it low|bringing it down|brings it down|weighs on|weighing on"
    ),
    C.EFFECT: "affect|affects|impact|impacts|effect|effects|influence of|impact of|effect of|weigh|weighs",
    C.ACTION: "action|actions",
    C.GIVE: (
        "allocate|allocated|allocation|allocations|given|give|assigned|allotted|receive|receives|"
        "received|deserve|deserves|decided|distributed|calculated|computed|come up with|came up with|arrive at|"
        "work out|"
        "decide on|settle on|end up with|chosen|choose"
    ),
    C.RANK: "rank|ranks|ranked|ranking|priority|prioritised|prioritized",
    C.SCORE: "score|scored|scores",
    C.AVERAGE: "average|avg|averages|mean|median|typical|usual|norm|normal|percentile",
    C.OTHERS: "others|other|rest|everyone else|the rest|everybody else|peers|the field|all",
    C.BETTER: "better|worse|above|below|stand|stands|standing|stack up|stacks up|compare|compares|fare|fares",
    C.HIGH: "high|big|large|great|valuable",
    C.LOW: "low|small|bad",
    C.PREDICTION: (
        "prediction|predictions|predicted|predict|forecast|forecasted|forecasts|worth|estimate|estimated|do we expect|"
        "you expect|projected|projection"
    ),
    C.FIGURE: "number|figure|amount",
    C.BASELINE: "baseline|base line|base value|starting point",
    C.INTERVAL: "interval|range|error margin|margin of error|confidence interval|prediction interval|error bars|bounds",
    C.SURE: (
        "sure|certain|certainty|confident|confidence|reliable|reliability|trust|trustworthy|accurate|accuracy|"
        "uncertain|"
        "uncertainty|rely on|precise|solid|firm|believe|wide|narrow|far off"
    ),
    C.OWNER: (
        "owner|owns|own|owned|owned by|responsible|responsible for|in charge|in charge of|looks after|look after|"
        "account manager|account owner|covers|handles|manages|takes care of|belongs to|belong to|whose"
    ),
    C.REGION: "region|territory|they based|they located|it based|it located|based in|located in",
    C.INDUSTRY: (
        "industry|sector|vertical|what do they do|line of business|business are they in|what does the company do|"
        "what kind of business|kind of business|work in|operate in|active in"
    ),
    C.PROMOTION: (
        "promotion|promotions|promo|promos|which offer|which offers|what offer|best offer|incentive|incentives|"
        "sensitivity|sensitivities"
    ),
    C.RESPOND: (
        "respond|responds|respond to|responds to|react|reacts|sensitive|work|works|receptive|responsive|like|likes|fits"
    ),
    C.DATA: "data|dataset|info|information|numbers|figures|snapshot|snapshots",
    C.FRESH: (
        "refresh|refreshed|update|updated|fresh|recent|recently|last update|old|stale|current|up to date|as of|"
        "last refreshed|last updated|outdated|built|latest|age of the data|loaded|come from|comes from|source|date"
    ),
    C.MODEL: "model|models|algorithm|machine learning|r2|r squared|ml model|ai model|based on",
    C.GOOD: "good|well|kind|type|sort|quality",
    C.HAPPEN: "happen|happens|happened|do to|does to|mean for|means for|look like|turn out|make it|go|goes|went",
    C.COMPARE: "comparison|compared",
    C.VALUE: "value|level",
    C.DO: (
        "ask|asks|asked|ask for|asks for|asked for|"
        "book|books|booked|hire|hires|hired|send|sends|sent|sign|signs|signed|file|files|filed|make|made|schedule"
    ),
    C.TAKE: (
        "take|takes|need to get|need for|needed for|required for|need to happen|has to happen|have to happen|"
        "must happen|need to change"
    ),
}
_FILLING: Final = frozenset(
    """
    a an the of for on in are am do does did it its this that these those they them their theirs he she his her him we
    us our ours you your yours i me my please pls plz can will shall so now currently today right here there with as
    again really actually hey hi hello hm hmm ok okay quick quickly question tell show give list let lets know see get
    gets got getting out s re ll d ve m us ones whole overall precall thing thing stuff total by way remind find
    look check across
    things doing put using name someone into about per going been being also just guys folks bit kind of being got at
    """.split()  # noqa: SIM905 # a hundred quoted words would be harder to read
)
# Ordinary words that are one letter away from one of the phrases and mean something else.
_OTHER_WORDS: Final = frozenset(
    """
    contract contracts contact contacts range ranges rank bank tank price prices prize change charge charges chance
    value valve train training trial trials deal deals dead lead leads team teams term terms sale sales staff start
    starts state states stage cost costs cast lost last list least best rest test tests text next need needs seed week
    weak work word words world ward story store stores score scope share shape sharp part parts past port post host
    most must fast fact facts factory action auction faction caption option options reason season person region legion
    religion active native motive drive drivers river diver dinner winner owner order orders other mother bother
    number member members mumber effect affect defect expert export report reports record records respond response
    respect aspect inspect project product products protect predict prevent present parent patent data date dates rate
    rates gate late later latter letter better bitter butter matter master faster foster poster model mode modern
    modem more mode move movie love live life give five fire hire wire wine line lines fine file files film firm farm
    form forms from come some same name names game fame time times tide ride side size site sites high light might
    right night sight eight weight height reach teach beach each peach cash crash case cases base phase phrase house
    horse course source resource force forces sector vector doctor actor editor author sure pure cure care core more
    rush push pull full fuel fall call calls tall wall well will bill bills till fill hill kill skill skills still
    compare company compart prepare impact compact import impart grow group groups grew crew drew draw drag drop crop
    shop show slow snow know now how who why way say pay day buy try cry dry fly any many money honey month months
    mouth south north worth worthy birth earth health wealth industry ministry estimate ultimate intimate climate
    interval internal external interview forecast broadcast trust truth crust certain curtain captain contain contains
    explain complain complaint expect except accept aspect inspect manage manager managers manages damage image usage
    positive negative relative native creative sensitive expensive extensive intensive defensive offensive promotion
    portion position petition addition condition edition fresh flesh flash trash crash updated outdated priced voiced
    covers lovers movers loses closes chooses noses roses raises praises phases cases bases gains grains trains brains
    happen happy help held hell hello hurt hunt hours ours yours tours worse worst verse nurse purse purpose propose
    suppose oppose expose support supports report assure insure ensure issue issues tissue factor factors doctors
    average beverage leverage coverage storage median medium medical mean means mesh meet meets meeting meetings
    """.split()  # noqa: SIM905 # as above
)
_LEAST_LETTERS: Final = 4
_TWO_ERRORS_FROM: Final = 8
_stemmer = cache(lambda: Stemmer.Stemmer("english"))


def stem(word: str) -> str:
    """Return the stem of a word in lower case."""
    return str(_stemmer().stemWord(word))


@cache
def phrases() -> dict[Stems, Concept]:
    """Return the stems of every phrase with what it stands for; what is listed twice keeps its first meaning."""
    known: dict[Stems, Concept] = {}
    for concept, listed in _PHRASES.items():
        for phrase in listed.split("|"):
            known.setdefault(tuple(map(stem, phrase.split())), concept)
    return known


def is_filling(word: str) -> bool:
    """Return whether a word says nothing about what is asked."""
    return word in _FILLING


@cache
def _spellings() -> dict[str, str]:
    """Return the words of the phrases that are long enough to be recognised with an error in them."""
    return {word: word for listed in _PHRASES.values() for word in re.findall(r"[a-z]{4,}", listed)}


def corrected(word: str) -> str:
    """Return the word that a misspelt one stands for, where exactly one is near enough; else the word itself."""
    if len(word) < _LEAST_LETTERS or word in _OTHER_WORDS or word in _FILLING or word in _spellings():
        return word
    most = 2 if len(word) >= _TWO_ERRORS_FROM else 1
    if any(word[0] == each[0] and sorted(word) == sorted(each) and OSA.distance(word, each) == 1 for each in _FILLING):
        return "the"  # two letters changed places in a word that says nothing
    near = [
        (OSA.distance(word, each), each)
        for each in _spellings()
        if each[0] == word[0] and abs(len(each) - len(word)) <= most and OSA.distance(word, each) <= most
    ]
    if not near:
        return word
    least = min(distance for distance, _ in near)
    stems = {stem(each) for distance, each in near if distance == least}
    return next(each for distance, each in near if distance == least) if len(stems) == 1 else word
