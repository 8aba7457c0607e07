"""Words as people type them: short forms, contractions, numbers in words, filling, stems, misspellings."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import Stemmer
from rapidfuzz.distance import OSA

_SHORT: Final = {
    short: tuple(full.split())
    for line in """
        w: with; n: and; r: are; u: you; ur: your; y: why; b: be; k: ok; wud: would; shud: should; cud: could;
        wont: will not; pls: please; plz: please; plss: please; thx: thanks; ty: thanks; tnx: thanks;
        cheers: thanks; im: i am; ive: i have; wat: what; wht: what; wut: what; whta: what; waht: what;
        ther: their; realy: really; forcast: forecast; wich: which; thier: their;
        teh: the; hte: the; adn: and; taht: that; hwo: how;
        whats: what is; wats: what is; hows: how is; whos: who is; wheres: where is; whens: when is; whys: why is;
        hw: how; whatif: what if; abt: about; bout: about; b4: before; cant: can not; cannot: can not; dont: do not;
        doesnt: does not; didnt: did not; isnt: is not; arent: are not; wasnt: was not; werent: were not;
        wouldnt: would not; couldnt: could not; shouldnt: should not; hasnt: has not; havent: have not;
        hadnt: had not; aint: is not; theyre: they are; theyd: they would; thats: that is; its: its; youre: you are;
        weve: we have; theyve: they have; lets: let us; gonna: going to; wanna: want to; gimme: give me;
        lemme: let me; gotta: got to; cos: because; cuz: because; coz: because; bc: because; tho: though;
        thru: through; q: quarter; qtr: quarter; qtrs: quarters;
        acct: account; accts: accounts; acc: account; cust: customer;
        custs: customers; rev: revenue; revs: revenue; revenu: revenue; pred: prediction; preds: predictions;
        fcst: forecast; fcast: forecast; est: estimate; conf: confidence; avg: average; neg: negative;
        negs: negatives; pos: positive; max: maximum; min: minimum; nr: number; nbr: number; num: number;
        no.: number; smth: something; sth: something; sthg: something; tmrw: tomorrow; tmw: tomorrow; mtg: meeting;
        mtgs: meetings; mgr: manager; mgmt: management; prev: previous; yr: year; yrs: years; mo: months;
        mos: months; mth: month; mths: months; wk: week; wks: weeks; diff: difference; diffs: differences;
        cmp: compare; v: versus; vs: versus; vs.: versus; comp: competitor; comps: competitors; mat: maturity;
        drvrs: drivers; drvr: driver; integs: integrations; reqs: requests; req: request; pct: percent;
        convo: conversation; info: information; docs: documents; doc: document; kb: knowledge base; lvl: level;
        alloc: allocation; prob: probably; asap: soon; fyi: for your information; btw: by the way; promo: promotion;
        promos: promotions; ppl: people; msg: message; rn: now; atm: now; tbh: honestly; lil: little;
        older: more age; younger: less age; approx: about
    """.splitlines()
    for short, _, full in (each.strip().partition(": ") for each in line.split(";"))
    if full
} | dict.fromkeys(("uh", "um", "er", "erm"), ())
_CONTRACTED: Final = (
    (re.compile(r"^(?:can't|cannot)$"), "can not"),
    (re.compile(r"^won't$"), "will not"),
    (re.compile(r"^ain't$"), "is not"),
    (re.compile(r"^let's$"), "let us"),
    (re.compile(r"^(what|who|how|where|when|why|that|there|it|here)'s$"), r"\1 is"),
    (re.compile(r"n't$"), " not"),
    (re.compile(r"'re$"), " are"),
    (re.compile(r"'(?:d|d've)$"), " would"),
    (re.compile(r"'ll$"), " will"),
    (re.compile(r"'ve$"), " have"),
    (re.compile(r"'m$"), " am"),
    (re.compile(r"'s?$"), ""),
)
_TO_TWENTY: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS: Final = "thirty forty fifty sixty seventy eighty ninety"
NUMBERS: Final = (
    {word: float(number) for number, word in enumerate(_TO_TWENTY.split())}
    | {word: 10.0 * number for number, word in enumerate(_TENS.split(), 3)}
    | {"nil": 0.0, "couple": 2.0, "dozen": 12.0}
)
ORDINALS: Final = {
    word: number for number, word in enumerate(["first", "second", "third", "fourth", "fifth", "sixth", "seventh"], 1)
}
SCALES: Final = {
    "hundred": 1e2,
    "k": 1e3,
    "thousand": 1e3,
    "grand": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "mm": 1e6,
    "mio": 1e6,
    "mil": 1e6,
    "mln": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "milion": 1e6,
    "milions": 1e6,
    "lakh": 1e5,
    "lakhs": 1e5,
    "crore": 1e7,
    "crores": 1e7,
    "b": 1e9,
    "bn": 1e9,
    "billion": 1e9,
    "billions": 1e9,
}
_FILLING: Final = frozenset(
    """
    a an the of for on in are am do does did it its this that these those they them their theirs he she his her him we
    us our ours you your yours i me my please can will shall so now currently today right here there with as is be been
    again really actually hey hi hello hm hmm ok okay quick quickly question tell show give list let know see get gets
    got getting out s re ll d ve m ones whole overall precall thing things stuff total by way remind find look check
    across doing put using name someone into about per going being also just guys folks bit kind at
    """.split()
)
# What takes back what was said just before.
TAKING_BACK: Final = frozenset({"sorry", "wait", "mean", "meant", "scratch", "rather", "correction", "actually"})
_LEAST_LETTERS: Final = 3
_TWO_ERRORS_FROM: Final = 8
_stemmer = cache(lambda: Stemmer.Stemmer("english"))


@cache
def stem(word: str) -> str:
    """Return the stem of a word in lower case."""
    return str(_stemmer().stemWord(word))


def is_filling(word: str) -> bool:
    """Return whether a word says nothing about what is asked."""
    return word in _FILLING


def written_out(word: str) -> tuple[str, ...]:
    """Return the words that a word in lower case is short for, or itself."""
    if word in _SHORT:
        return _SHORT[word]
    for pattern, full in _CONTRACTED:
        if pattern.search(word):
            return tuple(part for each in pattern.sub(full, word).split() for part in _SHORT.get(each, (each,)))
    return (word,)


def corrected(word: str, known: frozenset[str]) -> str:
    """Return the known word that a misspelt one stands for, where exactly one is nearest; else the word itself."""
    if len(word) < _LEAST_LETTERS or word in known:
        return word
    most = 2 if len(word) >= _TWO_ERRORS_FROM else 1
    letters = sorted(word)
    near = [
        # Two letters that changed places are the likeliest of errors.
        (distance - 0.5 * (sorted(each) == letters), each)
        for each in known
        if each[:1] == word[0]
        and abs(len(each) - len(word)) <= most
        and (distance := OSA.distance(word, each, score_cutoff=most)) <= most
        and (len(word) > _LEAST_LETTERS or sorted(each) == letters or len(each) > len(word))
    ]
    least = min((distance for distance, _ in near), default=0.0)
    stems = {stem(each): each for distance, each in sorted(near) if distance == least}
    return next(iter(stems.values())) if len(stems) == 1 else word
