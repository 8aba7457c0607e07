"""Words that everybody writes and that name nobody, though they may begin a sentence with a capital."""

from __future__ import annotations

import re
from typing import Final

# Forms of these are known by their endings.
_WORDS: Final = frozenset(
    """
    a about above accept access account across act action active actual add address after again against age agree
    ahead aim align all almost along already also although always among amount an analysis anchor and another answer
    any anybody anyone anything apart appeal appointment approach approval approve around arrange article as aside
    ask assume at attach attend audit auditor avoid away back bad balance bank bar base basic be beat because become
    before begin behind being below benefit beside besides best better between beyond big bill block board book both
    bother box brake branch break brief bring broad brochure broker budget budgeted build building business but buy
    buyer by call campaign can capacity capital card care careful case cash cause cautious central certain champion
    chance change channel charge chase cheap check checklist chief choice choose churn cite city claim clarify class
    clean clear clerk client clinic close closer cloud club colleague combine come comfort comment commit common
    community company compare complaint compliance concern conclude condition confidence confirm connect consider
    contact content contract contrast control conversation cost could count counter couple course cover credit crew
    culture current customer cut cycle daily data date day deadline deal decide decision deep default defend delay
    deliver demand demo demonstrate deposit depth describe desk despite detail developer diary did differ difference
    direct direction discount discover discuss display do doctor does doing door dose double doubt down dozen draft
    draw drive driver drop due during each earlier early earn easy effect effort eight eighteen eighth eighty either
    eleven else email employee end energy engage engineer engineering enough ensure entire equal escalate especially
    establish estimate even event ever every everybody everyone everything evidence exact example except exchange
    executive exit expand expect expert explain explore extend extra eye face fact fair fall family far fast faster
    fear fee feedback feel few field fifteen fifth fifty figure file fill final finance find fine finish firm first
    fit five fix flag flat floor focus follow food footfall for force forecast forget form former forty forward
    found four fourteen fourth frame free frequent fresh friction friend from front full fund future gain gap
    general get give given go goal going good grant great group grow growth guide half hand handle happen hard
    hardly have having he head health hear heavy help her here high higher highlight him his history hold holder
    home honest hope hospital hour hours house household how however human hundred idea ideal if ignore immediate
    impact important in incident include income industry inform initial inside instead insurance integration
    interest interval into introduce inventory invest invite invoice involve issue it item its itself job join judge
    just keep key kind know known label lack landlord landmine large last late later latest lead leader learn least
    leave left legal less let letter level leverage library licence license life lift light like likely limit line
    link list listen little live loan local location login long longer look lose loss lot low lower main maintain
    major make manage manager many map margin mark market master match material matter maturity may maybe me mean
    meanwhile measure median medical meet member mention message metric mid middle might million mind minor minute
    miss mistake mix mixed model modest moment momentum money month more morning mortgage most mostly move much must
    my name narrow near nearly necessary need negative neighbour neither network never new news newsletter next nice
    night nine nineteen ninety ninth no nobody none nor normal not note nothing notice now number obvious of off
    offer office officer often old on onboarding once one only onto open operations opportunity option or order
    organic original other our out outcome outside over overall overlap own owner pace pack page pain pair panel
    paper park part partner party passage past path patient pattern pause pay peer people per percent perhaps period
    person phone physician pick picture piece pilot pipeline pitch place plain plan plant platform play please
    plenty plus point poor portal portfolio position positive possible post potential power practice praise predict
    prefer prepare present press pressure pretty prevent price primary prior private probably probe problem process
    procurement product program programme project promise promotion proof proper property proposal propose prospect
    protect prove provide public pull purchase purpose push put quality quarter question quick quiet quite quote
    raise range rank rapid rare rate rather reach read ready real reason recall receive recent recommend record
    recovery red reduce refer reference referral region regular reject relate relevant rely remain remember remind
    remote renewal renewals rent repair repeat replace report request require reserve resist resolve respond
    response rest result retail retain retire return reuse revenue review reward right rise risk role roll rollout
    room rough round route rule run runbook safe sale sales same satisfaction save say scale scarce schedule scope
    score screen search season second section sector secure security see seem select sell send senior sense separate
    serve service session set settle seven seventeen seventh seventy several shape share she shelf shift ship short
    should show side sign signal silence similar simple since single sit site situation six sixteen sixth sixty size
    sketch skill skip slip slot slow small smart so social soft solid solution some somebody someone something
    sometimes soon sooner sort source space spare speak special specific speed spend spirit sponsor spot spread
    stable stack staff stage stake stand standard start state status stay steady step stick still stock stop store
    story straight strategy strength stress stretch strong structure study subject success such suggest suit summary
    supply support sure surprise survey switch system table tackle tactic tactical take talk target task tax teach
    team tell ten tenant tenth test than thank thanks that the their them then there therefore these they thing
    think third thirteen thirty this those though thousand three through throughout thus ticket tie tight till time
    timeline title to today together tomorrow tone too tool top topic total touch toward track trade traffic train
    transfer treat trend trial trigger trim trouble true trust try turn twelve twenty twice two two-thirds type
    typical under unless unlike until unused up upgrade upon upside uptime urgent us usage use user usual vacancy
    value various vendor verify versus very via view visible visit visitor visits volume wait walk want warm warn
    was waste watch way we weak wealth weather webinar week weekly weigh well went were what whatever when whenever
    where whereas whether which while who whoever whole whom whose why wide will willing win window wish with within
    without won word work workshop worth would write wrong year yearly yes yet you your zero
    """.split()  # noqa: SIM905 # a thousand quoted words would be harder to read
)
_ENDING: Final = re.compile(
    r"(?:ing|ings|tion|tions|sion|sions|ment|ments|ness|ity|ities|ance|ence|ances|ences|ly|able|ible|ful|less|ous|ive|"
    r"ship|ships|ism|ise|ised|ize|ized|ward|wards|wise|hood|age|al|ally|ure|ures|n['\u2019]t)$"
)
_FORMS: Final = (
    ("ies", "y"),
    ("ied", "y"),
    ("es", "e"),
    ("es", ""),
    ("s", ""),
    ("ed", "e"),
    ("ed", ""),
    ("er", ""),
    ("er", "e"),
)
_SHORTEST: Final = 6  # of a word that is known by its ending alone: "Sterling" may be a name, and a rare one


def is_common(word: str) -> bool:
    """Return whether this is a word of the language, in any of its usual forms, rather than a name."""
    folded = word.casefold().removesuffix("'s").removesuffix("\u2019s")
    if folded in _WORDS or (len(folded) >= _SHORTEST and _ENDING.search(folded)):
        return True
    if "-" in folded:
        return all(is_common(part) for part in folded.split("-") if part)
    return any(
        folded.endswith(ending) and folded.removesuffix(ending) + instead in _WORDS for ending, instead in _FORMS
    )
