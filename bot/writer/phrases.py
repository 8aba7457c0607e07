"""What a signal means for a call, in the words of its pack; for a feature that has none there, in words for any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from storage.records import FeatureKind, Offer, Topic
from storage.units import format_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage.records import Feature, FeatureValue

_TERM_LETTERS = 4  # a shorter word of a label says too little about a passage


def find_topic(feature: Feature, topics: Sequence[Topic], *, place: int = 0) -> Topic:
    """Return the pack's topic for this feature, else one for any feature.

    ``place`` tells features of one plan apart: as many in a row as there are phrasings (three at least) say nothing
    twice.
    """
    found = next((topic for topic in topics if topic.feature == feature.name), None)
    if found is not None and found.opening:
        return found
    return _make_topic(feature, influence="none" if found is None else found.influence, place=place)


def make_neutral_topic(feature: Feature, topic: Topic, *, place: int) -> Topic:
    """Return the topic with what can be said when the value points one way and its effect the other."""
    plain = _make_topic(feature, influence="none", place=place)
    return replace(
        topic,
        opening=plain.opening,
        need=plain.need,
        pain=plain.pain,
        ask=plain.ask,
        risk=plain.risk,
        action=plain.action,
        remedy=plain.remedy,
    )


def describe_fact(topic: Topic, feature: Feature, value: FeatureValue, *, low: bool) -> tuple[str, bool]:
    """Return the noun phrase and whether it is plural: ``("4 demo requests", True)``.

    Of a low value it says "only".
    """
    if value is None:
        return f"an unknown figure for {lower_first(feature.label)}", False
    written = format_value(feature, value)
    few = isinstance(value, float) and low and written not in {"0", "$0", "0 %"}
    if topic.none and written.casefold() in {"none", "no"}:
        return topic.none, False
    if topic.plural and written == "0":
        return topic.many.replace("{value}", "no"), True
    if written == "1" and topic.one:
        return f"only {topic.one}" if low else topic.one, False
    return topic.many.replace("{value}", f"only {written}" if few else written), topic.plural


def lower_first(label: str) -> str:
    """Return a label as it reads inside a sentence: ``demo requests``, but ``CSM score``."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def find_offer(name: str, label: str, offers: Sequence[Offer]) -> Offer:
    """Return how to give a promotion, from its label alone when the pack says nothing about it."""
    plain = Offer(promotion=name, terms=tuple(label.casefold().split()), fits=(), how="ask for a date in return")
    return next((offer for offer in offers if offer.promotion == name), plain)


def _make_topic(feature: Feature, *, influence: str, place: int) -> Topic:
    subject = lower_first(feature.label)
    category = feature.kind is FeatureKind.CATEGORY
    lines = _GIVEN if influence == "none" else _MOVABLE

    def say(part: str, offset: int = 0) -> str:
        phrasings = lines[part]
        return phrasings[(place + offset) % len(phrasings)].replace("{subject}", subject)

    rival = _rival(feature)
    many = f"{{value}} {subject}" if rival == "count" else f"{subject} at {{value}}"
    return Topic(
        feature=feature.name,
        influence=influence,
        many=f"{subject} ({{value}})" if category else many,
        plural=rival == "count",
        none=f"no {subject}" if category else "",
        terms=tuple(word for word in subject.casefold().split() if len(word) >= _TERM_LETTERS),
        better={"rep can raise": "high", "rep can lower": "low"}.get(influence, ""),
        opening=say("opening"),
        need=say("need"),
        action=say("action"),
        remedy=say("remedy"),
        metric=_metric(feature, influence, place),
        pain=say("pain"),
        ask=say("ask"),
        risk=say("risk"),
        rival=rival,
    )


def _metric(feature: Feature, influence: str, place: int) -> str:
    goals = _GOALS[influence]
    measured = feature.unit in {"$", "%", "0-10"}
    more, fewer = (
        ("higher", "lower") if measured else (f"more {feature.unit}".rstrip(), f"fewer {feature.unit}".rstrip())
    )
    return goals[place % len(goals)].replace("{more}", more).replace("{fewer}", fewer)


def _rival(feature: Feature) -> str:
    """Tell by its name what a feature without a topic may say of the competition."""
    if "competit" not in feature.name.casefold():
        return ""
    if feature.kind is FeatureKind.CATEGORY:
        return "name"
    return "pressure" if feature.unit == "0-10" else "count"


# What a call can change.
_MOVABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "opening": (
        "this is going well, so ask what made the difference and do more of it",
        "somebody on their side makes this work, so find out who and thank them by name",
        "it did not come by itself, so ask what they would like to build on it",
        "it is a good place to begin, because both sides had a hand in it",
    ),
    "need": (
        "they want to keep what works while they change the rest",
        "somebody there has put effort into it and wants to see a result",
        "what is good today has to stay good when they grow",
        "they expect the next step to come from us",
    ),
    "action": (
        "{owner} agrees on the call who keeps {subject} where it is and when both look at it again",
        "{owner} asks what stands behind {subject} and answers with one dated step within a week of the call",
        "{owner} takes {subject} into one joint plan with them within two weeks of the call",
        "{owner} brings the person who looks after {subject} to the next meeting",
    ),
    "remedy": (
        "{owner} settles with them on the call what would help with {subject}, and begins the same day",
        "{owner} brings one change for {subject} that costs them nothing and asks them to try it",
        "{owner} finds who looks after {subject} on their side and speaks with them within two weeks of the call",
        "{owner} writes down what both sides do about {subject}, with dates, the day after the call",
    ),
    "pain": (
        "something stands in the way that a talk can clear up, so ask before offering anything",
        "it has been left to itself, and nobody on their side feels responsible for it",
        "it could be better with little effort, yet no one has asked them about it",
        "they may not see it as a problem, so show first what it costs them",
    ),
    "ask": (
        "What would it take to change this by the next time we meet?",
        "Who on your side looks after this, and what does that person need from us?",
        "What have you tried already, and where did it stop?",
        "Where do we make this harder for you than it should be?",
        "If one thing about this were easier, which one should it be?",
        "What would you want us to do first?",
    ),
    "risk": (
        "It may slip further when nobody watches it; agree on one person who does",
        "A promise that is not kept here would cost more than none; offer only what has a date",
        "It may come up as a reason to wait; raise it first, with a proposal",
        "Good words alone will not move it; leave with one step that both sides wrote down",
    ),
}
# What a call cannot change.
_GIVEN: Final[Mapping[str, tuple[str, ...]]] = {
    "opening": (
        "ask what follows from it for their plans this year",
        "it sets them apart from most, so let them say what they make of it",
        "it speaks for doing more with them, so name a first thing that fits it",
        "it will not change soon, so use it as common ground",
    ),
    "need": (
        "what fits others may not fit them as it is",
        "something has to be planned around it, and they may not have done so yet",
        "at that point habits that worked before begin to strain",
        "they look for somebody who has seen the same elsewhere",
    ),
    "action": (
        "{owner} makes one proposal that fits {subject} as it is, within a week of the call",
        "{owner} shows on the call how others with a like figure for {subject} went about it",
        "{owner} asks on the call who plans around {subject} and brings that person in within two weeks of the call",
        "{owner} settles on the call the one next step that {subject} speaks for, with a date on their side",
    ),
    "remedy": (
        "{owner} asks on the call what {subject} rules out, and leaves it out of the proposal",
        "{owner} scopes a smaller first step that works with {subject} as it is, within two weeks of the call",
        "{owner} checks on the call whether {subject} is still right in the records, and has it corrected the same day",
        "{owner} finds out on the call which part of their need does not hang on {subject}, and starts there",
    ),
    "pain": (
        "no call will change it, so look for what they need in spite of it",
        "it limits what can come of this, so keep the aim modest and concrete",
        "they have to live with it, so learn how they do",
        "it calls for a smaller step than usual",
    ),
    "ask": (
        "How does this shape what you can take on this year?",
        "What would have to be different for you to do more with us?",
        "What do you do today to get around it?",
        "What do others often get wrong about your situation?",
        "What should we leave out because it does not fit you?",
        "What do you expect to change here before next year?",
    ),
    "risk": (
        "It may not change soon; scope the proposal so that it works as it is",
        "It is easy to promise more than it allows; agree on one small step first",
        "The figure may be out of date; confirm it before building on it",
        "It may turn up late as a reason against; put it on the table early",
    ),
}
# What to reach, said after today's value; ``{more}`` and ``{fewer}`` carry the unit.
_GOALS: Final[Mapping[str, tuple[str, ...]]] = {
    "rep can raise": (
        "{more} at the next review than today",
        "a step up before the quarter ends, with a name behind it",
        "a figure that both sides agree on, above today's",
        "no lower at the next look, and higher at the one after",
        "a rise that they notice themselves",
        "above today's figure when we next meet",
    ),
    "rep can lower": (
        "{fewer} at the next review than today",
        "a step down before the quarter ends, with a name behind it",
        "a figure that both sides agree on, below today's",
        "no higher at the next look, and lower at the one after",
        "a fall that they notice themselves",
        "below today's figure when we next meet",
    ),
    "none": (
        "confirmed with them on the call",
        "one step agreed on that fits it",
        "a plan of theirs that allows for it, with a date",
        "looked at again with them at the end of the quarter",
        "its effect on their plans written down by both sides",
        "one person on their side who plans around it, by name",
    ),
}
