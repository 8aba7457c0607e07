"""What a signal means for a call: the offline writer's knowledge, one topic for each kind of feature.

A topic is found by words in the feature's name. The topics speak of companies that buy software; a feature that none
of them knows, and every feature of a business that does not call its customers accounts, gets one made from its label
and group, so that any industry's columns can be written about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storage.units import format_value

if TYPE_CHECKING:
    from storage.records import Feature, FeatureValue, Words


_SOLD_TO = "account"
_TERM_LETTERS = 4  # a shorter word of a label says too little about a passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """How to speak of one kind of feature.

    ``many``, ``one`` and ``none`` are the fact as a noun phrase, the first with ``{value}`` in it; ``plural`` says that
    ``many`` takes the verb in the plural. ``opening``, ``need`` and ``action`` serve a feature that lifts the forecast,
    ``pain``, ``risk`` and ``remedy`` one that lowers it; ``{owner}`` in a move is who holds the call. ``metric`` is
    what to reach, said after today's value. ``terms`` are the beginnings of the words by which a passage speaks of it,
    the first two being names of the quantity itself. ``better`` says which end lifts a forecast (``high``, ``low`` or,
    where there is none, nothing) and ``middle`` where the ends meet when the accounts at hand do not tell;
    no call moves what is ``fixed``.
    """

    names: tuple[str, ...]
    many: str
    one: str = ""
    none: str = ""
    plural: bool = False
    terms: tuple[str, ...]
    better: str = ""
    middle: float | None = None
    fixed: bool = False
    opening: str
    need: str
    action: str
    remedy: str
    metric: str
    pain: str
    ask: str
    risk: str

    def fact(self, feature: Feature, value: FeatureValue, *, low: bool) -> tuple[str, bool]:
        """Return the noun phrase and whether it is plural: ``("4 demo requests", True)``.

        Of a low value it says "only".
        """
        if value is None:
            return f"an unknown figure for {lower_first(feature.label)}", False
        written = format_value(feature, value)
        few = isinstance(value, float) and low and written not in {"0", "$0", "0 %"}
        if self.none and written.casefold() in {"none", "no"}:
            return self.none, False
        if self.plural and written == "0":
            return self.many.format(value="no"), True
        if written == "1" and self.one:
            return f"only {self.one}" if low else self.one, False
        return self.many.format(value=f"only {written}" if few else written), self.plural


def find_topic(feature: Feature, words: Words) -> Topic:
    """Return the topic that has a word of the feature's name, else one for its group."""
    name = feature.name.casefold()
    for topic in TOPICS if words.account == _SOLD_TO else ():
        if any(word in name for word in topic.names):
            return topic
    return _make_topic(feature)


def make_neutral_topic(feature: Feature, topic: Topic) -> Topic:
    """Return the topic with what can be said when the value points one way and its effect the other."""
    plain = _make_topic(feature)
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


def lower_first(label: str) -> str:
    """Return a label as it reads inside a sentence: ``demo requests``, but ``CSM score``."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What is said of a feature by its group alone; ``{subject}`` is its label."""

    opening: str
    need: str
    action: str
    remedy: str
    metric: str
    pain: str
    ask: str
    risk: str


def _make_topic(feature: Feature) -> Topic:
    subject = lower_first(feature.label)
    group = feature.group.casefold()
    kind = next((words for stem, words in _GROUPS.items() if stem in group), _GROUPS[""])
    quoted = subject.replace("{", "{{").replace("}", "}}")
    return Topic(
        names=(),
        many=f"{quoted} at {{value}}",
        none=f"no {subject}",
        terms=tuple(word for word in subject.casefold().split() if len(word) >= _TERM_LETTERS),
        opening=kind.opening,
        need=kind.need,
        action=kind.action.format(subject=quoted),
        remedy=kind.remedy.format(subject=quoted),
        metric=kind.metric,
        pain=kind.pain,
        ask=kind.ask,
        risk=kind.risk,
    )


# For features that no topic knows, by the stem of their group.
_GROUPS = {
    "engag": _Kind(
        opening="the interest is there, so ask what prompted it and build the conversation on the answer",
        need="somebody there is looking for an answer",
        action="{{owner}} follows up on {subject} the day after the call, with one concrete next step and a date",
        remedy="{{owner}} offers an hour that is worth their team's time, within two weeks of the call",
        metric="at this level or above at the next review",
        pain="they are not listening closely yet, so the first need is a reason to",
        ask="What would make this worth an hour of your team's time?",
        risk="Interest may not carry a decision; agree on one small commitment before any proposal",
    ),
    "relation": _Kind(
        opening="the relationship carries weight, so start from what has worked for them with us",
        need="they want to be asked before anything is proposed",
        action="{{owner}} invites the people behind {subject} to a joint review within a month of the call",
        remedy="{{owner}} writes down their open points on the call and answers each within a week",
        metric="no worse at the next review than today",
        pain="the relationship itself holds them back, so hear them out before proposing anything",
        ask="What should we have done differently since we last spoke?",
        risk="Trust may break unnoticed; settle their open points before proposing anything",
    ),
    "market": _Kind(
        opening="their market is moving in our favour, so ask what it changes in their plans this year",
        need="plans that were made for another market",
        action="{{owner}} ties the proposal to what {subject} means for their calendar, within two weeks of the call",
        remedy="{{owner}} prepares a smaller first step that pays for itself, within a week of the call",
        metric="a decision date that follows their market's calendar, agreed on the call",
        pain="their market is not helping, so whatever we propose has to pay for itself visibly",
        ask="What has to be true in your market for this to go ahead?",
        risk="The market may turn against them; keep a smaller first step ready",
    ),
    "fit": _Kind(
        opening="it is the part of their need that we meet best, so make it concrete early",
        need="a requirement that has to be met by a date",
        action="{{owner}} shows what answers {subject}, on a case of theirs, within two weeks of the call",
        remedy="{{owner}} asks on the call which gap would rule us out and answers it within a week",
        metric="the need behind it met by a date that both sides write down",
        pain="the fit is not obvious to them, so find out which gap matters before showing anything",
        ask="Which of your requirements would rule us out today?",
        risk="A missing fit may surface late; test it before the proposal",
    ),
    "": _Kind(
        opening="it is one of the strongest signs here, so find out what stands behind it",
        need="something has changed there that we have not been told",
        action="{{owner}} plans the next step around {subject} on the call, with an owner and a date on their side",
        remedy=(
            "{{owner}} finds out on the call whether {subject} is a fact or a phase and scopes the offer within a week"
        ),
        metric="reviewed with them at the end of the quarter",
        pain="it weighs on what can come of this, so learn whether it is a fact or a phase",
        ask="What would have to change here for you to do more with us?",
        risk="It may not change soon; scope the proposal so that it works as it is",
    ),
}

TOPICS = (
    Topic(
        names=("demo_request", "demos"),
        many="{value} demo requests",
        one="1 demo request",
        plural=True,
        terms=("demo", "request", "prospect", "pilot", "module"),
        better="high",
        middle=2,
        opening="they want to see it run, so talk about their own case and not about slides",
        need="somebody there has a concrete problem and wants to see it solved",
        action=(
            "{owner} books a working demo on their own data within a week of the call, with the future user in the room"
        ),
        remedy=(
            "{owner} offers a short demo of one problem of theirs, held by a solution engineer "
            "within two weeks of the call"
        ),
        metric="a demo within two weeks of the call that ends with a written next step and an owner on their side",
        pain="too few there have seen it run, so the others cannot picture it in their own work yet",
        ask="If you could watch one of your own problems being solved, which one would it be?",
        risk="A proposal to people who have not seen it run would be read as price only; show it first",
    ),
    Topic(
        names=("cloud_maturity", "digital_maturity"),
        many="a cloud maturity of {value}",
        terms=("maturit", "automat", "runbook", "undo", "unattended", "implementation"),
        better="high",
        middle=5,
        opening="they can run what we sell, so skip the basics and go to what they automate next",
        need="manual approvals are now what slows them down",
        action=(
            "a solution engineer agrees with their platform team, within two weeks of the call, on the first "
            "process to automate"
        ),
        remedy=(
            "{owner} brings implementation support into the offer within a week of the call, for one team and "
            "one outcome"
        ),
        metric="the first automated process in production by a date that their platform team sets",
        pain="they are early in their move to the cloud, and every new tool looks like more work to them",
        ask="Which step of your move to the cloud has taken longer than you planned?",
        risk="They may buy more than they can put to use; start with one team and one outcome",
    ),
    Topic(
        names=("tech_stack", "stack_size"),
        many="a stack of {value}",
        terms=("tool", "stack", "consolidat", "overlap", "retire", "switch", "vendor", "replac", "median"),
        better="high",
        middle=17,
        fixed=True,
        opening="that many tools overlap somewhere, so ask which of them they would be glad to switch off",
        need="tools that overlap, each with a renewal and somebody who defends it",
        action=(
            "a solution engineer maps their tools with them within two weeks of the call and marks each as keep, "
            "replace or retire"
        ),
        remedy="{owner} asks on the call for the one tool that they would replace first, and its renewal date",
        metric="the tools to retire named on the call, with their renewal dates",
        pain="their stack gives us little to simplify, so the pain has to be found elsewhere",
        ask="Which tool renewals come up this year, and who would miss them?",
        risk="Another tool on top may meet resistance; tie ours to one that goes",
    ),
    Topic(
        names=("employee", "headcount", "staff"),
        many="a headcount of {value}",
        terms=("employee", "headcount", "people", "team", "hiring"),
        better="high",
        middle=400,
        fixed=True,
        opening="there is room to grow beyond the first team, so ask who else has the same problem",
        need="several teams that solve the same problem in different ways",
        action="{owner} gets the head of a second team invited to the next meeting, before the first team decides",
        remedy=(
            "{owner} scopes a first step for one small team within a week of the call, with its rollout work in writing"
        ),
        metric="a second team named for the rollout before the first one is live",
        pain="a team of that size has few hands to spare for a rollout",
        ask="Who would run this day to day, and what would they stop doing for it?",
        risk="The rollout may hang on one person; have a second trained from the start",
    ),
    Topic(
        names=("annual_revenue", "turnover", "company_revenue"),
        many="an annual revenue of {value}",
        terms=("revenue", "finance", "budget", "payback", "saving"),
        better="high",
        middle=60000000.0,
        fixed=True,
        opening="the budget exists at that size, so speak about outcomes that their finance lead counts",
        need="at this size an hour of downtime has a price that somebody can name",
        action="{owner} sends the economic buyer a one-page case in their own figures within three days of the call",
        remedy="{owner} prices a first step that stands on its own within a week of the call",
        metric="a saving that their finance lead confirms in writing before the proposal",
        pain="money is tight at that size, and each commitment is weighed against hiring",
        ask="What did the last purchase of this size have to prove before it was approved?",
        risk="The total may look large beside their revenue; offer a first step that stands on its own",
    ),
    Topic(
        names=("location", "sites", "branches"),
        many="{value} locations",
        one="1 location",
        plural=True,
        terms=("location", "branch", "site", "region", "rollout"),
        better="high",
        middle=3,
        fixed=True,
        opening="what works in one place can be repeated, so ask which site would make the best example",
        need="what runs well at one site does not reach the others by itself",
        action="{owner} picks one site as the example on the call and sends the order of the others within a week",
        remedy="{owner} takes one site deeper: a second use case agreed on within two weeks of the call",
        metric="a date for the second site agreed on together with the first",
        pain="their footprint leaves little to roll out to, so depth has to do what breadth cannot",
        ask="What runs differently from one site to the next today?",
        risk="A rollout by site may stall after the first; fix the second date with the first",
    ),
    Topic(
        names=("website_visit", "web_visit", "site_visit"),
        many="{value} website visits in 30 days",
        one="1 website visit in 30 days",
        plural=True,
        terms=("website", "visit", "evaluat", "sponsor", "mandate"),
        better="high",
        middle=26,
        opening="somebody there is reading up on us, so ask what they were looking for",
        need="somebody is building a case and is missing an answer",
        action="{owner} finds out on the call who is reading and sends that person the one missing answer the next day",
        remedy="{owner} sends the sponsor one page with a figure from their industry two days before the call",
        metric="one named reader becomes a contact within a month",
        pain="they look elsewhere for answers, so nothing we say is expected",
        ask="Where does your team look when it compares suppliers?",
        risk="Silence online may mean a decision elsewhere; ask directly whether a choice is being prepared",
    ),
    Topic(
        names=("whitepaper", "download", "content"),
        many="{value} whitepaper downloads",
        one="1 whitepaper download",
        plural=True,
        terms=("whitepaper", "paper", "material", "read", "evaluat"),
        better="high",
        middle=2,
        opening="they are doing their homework, so refer to the reading and ask what was missing in it",
        need="they are preparing a decision on paper and have to defend it",
        action="{owner} sends one reference story that answers their open question, two days after the call",
        remedy="{owner} writes the business case with them on one page within a week of the call",
        metric="one reader of our material named as sponsor by the next meeting",
        pain="little of what we write reaches them, so the business case is ours to make from the start",
        ask="What would your management want to read before a decision?",
        risk="Arguments may not reach those who decide; leave one page that travels without us",
    ),
    Topic(
        names=("email_open", "open_rate"),
        many="an email open rate of {value}",
        terms=("email", "message", "sponsor", "contact", "champion"),
        better="high",
        middle=0.28,
        opening="they read what we send, so pick up the latest message and ask for a reaction",
        need="they follow us and wait for something they can use",
        action="{owner} sends two lines with the one open decision on the day of the call",
        remedy="{owner} asks on the call who should hear from us, and writes to that person the same day",
        metric="a reply, not an open, to the summary within a week of the call",
        pain="our messages go unread, so we are talking to the wrong people or about the wrong thing",
        ask="Who should hear from us, and how would they like to?",
        risk="Written follow-up may be lost; settle next steps on the call itself",
    ),
    Topic(
        names=("webinar", "event_attend"),
        many="{value} webinars attended",
        one="1 webinar attended",
        plural=True,
        terms=("webinar", "training", "academy", "course", "clinic"),
        better="high",
        middle=1,
        opening="they give us their time, so ask what they took away and who else should have been there",
        need="people want to learn more than their day leaves time for",
        action=(
            "{owner} offers their team a closed session on the subject that drew them, within three weeks of the call"
        ),
        remedy="{owner} asks on the call for one volunteer and books a course for that person within a month",
        metric="the people in that session who use what they saw within a month",
        pain="our sessions do not reach the people who matter there, so no champion knows the product well",
        ask="Who on your team likes to try new tools first?",
        risk="Without someone who knows the product, adoption may depend on us; find and train one person",
    ),
    Topic(
        names=("active_contact", "contacts"),
        many="{value} active contacts",
        one="1 active contact",
        plural=True,
        terms=("contact", "sponsor", "champion", "stakeholder", "executive"),
        better="high",
        middle=3,
        opening="we are known in more than one corner, so ask how the others see the decision",
        need="several people each hold a part of the decision",
        action="{owner} brings more of the contacts into one conversation within two weeks of the call",
        remedy=(
            "{owner} asks for an introduction to the next person who must agree, and follows up "
            "within two days of the call"
        ),
        metric="a named sponsor in each department that has to agree",
        pain="we know too few people there, and one departure could end the conversation",
        ask="Who else would have to say yes, and who could say no?",
        risk="If the one contact leaves, so does the deal; ask for an introduction on this call",
    ),
    Topic(
        names=("competitor_product", "rival"),
        many="{value} competitor products in place",
        one="1 competitor product in place",
        plural=True,
        terms=("competitor", "incumbent", "renewal", "replac", "switch"),
        better="low",
        middle=2,
        opening="they know what they are comparing with, so let them name what annoys them about it",
        need="a budget that is not yet tied to another vendor",
        action="{owner} agrees with them on the criteria within a week of the call, while no other vendor has set any",
        remedy=(
            "{owner} collects the renewal dates of what they use and proposes the first replacement "
            "within two weeks of the call"
        ),
        metric="the first competing contract that is not renewed, with its date",
        pain="they have already paid for other products and have to justify every addition",
        ask="Which of the tools you have would you not buy again?",
        risk="An incumbent may answer with a discount; agree on the criteria before the price comes up",
    ),
    Topic(
        names=("competitor",),
        many="{value} as the competitor to beat",
        none="no competitor on file",
        terms=("competitor", "compet", "replac", "renewal", "compar"),
        opening="it is clear whom they compare us with, so let them name what they would change about it",
        need="a comparison that has to be won on their task and not on a feature list",
        action="a solution engineer runs one timed comparison on a task of theirs within three weeks of the call",
        remedy="a solution engineer runs one timed comparison on a task of theirs within three weeks of the call",
        metric="their own written verdict on one comparison",
        pain="they have somebody to compare us with who is already in the building",
        ask="What would you miss most if you had to give it up?",
        risk="An incumbent may answer with a discount; agree on the criteria before the price comes up",
    ),
    Topic(
        names=("integration",),
        many="{value} integrations needed",
        one="1 integration needed",
        plural=True,
        terms=("integrat", "connector", "api", "system"),
        better="high",
        middle=3,
        opening="the value lies between their systems, so ask which connection hurts most when it breaks",
        need="data that people carry by hand from one system to the next",
        action=(
            "a solution engineer runs an integration session within two weeks of the call and leaves with their "
            "systems in order"
        ),
        remedy="{owner} names the one connection that pays for itself within a week of the call",
        metric="connections live by the agreed date, counted against their list",
        pain="there is little to connect, so the integration story will not carry the case",
        ask="Which data do people still copy by hand between systems?",
        risk="Integration may drag and take the schedule with it; agree on the first few connections only",
    ),
    Topic(
        names=("compliance", "regulat"),
        many="the need to comply with {value}",
        none="the absence of a compliance requirement",
        terms=("complian", "audit", "regulat", "framework", "evidence"),
        fixed=True,
        opening="proof is part of what they buy, so ask for the date of the next audit",
        need="proof that somebody outside asks them for, by a date",
        action=(
            "a solution engineer shows their compliance lead, within two weeks of the call, how evidence for an "
            "audit is collected"
        ),
        remedy=(
            "{owner} asks on the call which questionnaires of large customers cost them time, and sends an "
            "example within a week"
        ),
        metric="working days of preparation for the next audit against the last one",
        pain="no regulator presses them, so there is no date that forces a decision",
        ask="What was the last question that an auditor or a large customer asked you to prove?",
        risk="Legal review may start late; send the security documents this week",
    ),
    Topic(
        names=("api_usage", "api_intent"),
        many="an API usage intent of {value}",
        terms=("api", "endpoint", "sandbox", "developer", "portal"),
        better="high",
        middle=5,
        opening="they want to build on it, so let a developer ask the questions",
        need="their own portal or reports need data that is exported by hand today",
        action="a solution engineer gives their developers a sandbox and one small task within two days of the call",
        remedy="{owner} shows what works without any code in the next meeting, within two weeks of the call",
        metric="a first call of theirs in production by the end of the quarter",
        pain="they do not plan to build anything themselves, so it has to work as delivered",
        ask="What would you want to run without anybody clicking?",
        risk="Technical interest may stay with the technicians; have them show the result to the buyer",
    ),
    Topic(
        names=("licence", "license", "seat"),
        many="a licence usage of {value}",
        terms=("usage", "licen", "adoption", "seat", "module"),
        better="high",
        middle=0.65,
        opening="they use what they have, so ask where they run into its limits",
        need="heavy use that will meet its limits at the next peak",
        action="{owner} proposes the next edition within two weeks of the call, with their own usage as the argument",
        remedy=(
            "the success manager goes through the idle licences with them within two weeks of the call and "
            "assigns or drops each"
        ),
        metric="every idle licence assigned or dropped by the next review",
        pain="part of what they pay for lies idle, and that is the first thing a buyer sees",
        ask="Who was meant to use it and does not, and why?",
        risk="Idle licences may be cut at renewal; plan adoption before proposing more",
    ),
    Topic(
        names=("account_age", "tenure", "customer_since"),
        many="an account age of {value}",
        terms=("renew", "relationship", "customer", "expan"),
        better="high",
        middle=24,
        fixed=True,
        opening="they know us well enough to judge, so ask what they would tell somebody who starts today",
        need="habits from the first year that nobody has questioned since",
        action="{owner} holds a value review within a month of the call and closes it with one dated proposal",
        remedy="{owner} sets a value review within three months of the call, with today's figures written down",
        metric="a joint plan for the coming year that both sides sign off",
        pain="habits have set with time, and what we do well is taken for granted",
        ask="What did you hope for when you started with us that has not happened yet?",
        risk="Routine may hide dissatisfaction; ask for the honest list before the proposal",
    ),
    Topic(
        names=("churn",),
        many="a churn risk of {value}",
        terms=("churn", "renew", "recovery", "health", "expan"),
        better="low",
        middle=0.25,
        opening="they are staying, so the talk can be about growing and not about keeping",
        need="room to grow, because nothing has to be repaired first",
        action="{owner} puts renewal and expansion into one conversation on the call",
        remedy=(
            "the success manager agrees with them on a recovery plan, with a named owner on both sides, within "
            "two weeks of the call"
        ),
        metric="the cause named on the call and an owner for it on both sides",
        pain="something makes them think of leaving, and a sales pitch would confirm it",
        ask="What would you have to see in the next quarter to stay with an easy mind?",
        risk="They may leave before they grow; agree on a recovery plan and sell after it",
    ),
    Topic(
        names=("support_ticket", "tickets"),
        many="{value} support tickets in 90 days",
        one="1 support ticket in 90 days",
        plural=True,
        terms=("ticket", "incident", "support", "sla"),
        better="low",
        middle=8,
        opening="things run quietly, so nothing stands between them and the next step",
        need="calm days, which leave time for the next step",
        action="{owner} asks who uses the product weekly and books the next use case within two weeks of the call",
        remedy=(
            "the support lead goes through the open tickets with them before the call and brings an answer to the worst"
        ),
        metric="fewer tickets in the next quarter than in this one",
        pain="day-to-day trouble eats the goodwill that an expansion needs",
        ask="Which of the open tickets would you want closed before we talk about anything else?",
        risk="An open ticket may end the call early; read the list beforehand and bring an answer to the worst",
    ),
    Topic(
        names=("csm_score", "health_score", "satisfaction", "nps"),
        many="a CSM score of {value}",
        terms=("csm", "score", "success manager", "health", "recovery"),
        better="high",
        middle=6,
        opening="their success manager vouches for the account, so ask for an introduction to the budget owner",
        need="a sponsor who is content and can open doors",
        action="the success manager introduces {owner} to the budget owner within two weeks of the call",
        remedy="the success manager opens the call with the open points and sends a plan for them within a week",
        metric="a higher score at the next monthly review",
        pain="our own success manager sees a relationship that needs work first",
        ask="If you scored us today, what would keep the mark from being higher?",
        risk="The relationship may not carry a proposal; have the success manager on the call",
    ),
    Topic(
        names=("industry_growth", "market_growth"),
        many="an industry growth of {value}",
        terms=("growth", "growing", "industr", "market"),
        better="high",
        middle=0.05,
        fixed=True,
        opening="their market is growing, so ask what breaks first when volume rises",
        need="volume that rises faster than the team",
        action=(
            "{owner} sizes the proposal for next year's volume within two weeks of the call, with a first step "
            "for today"
        ),
        remedy="{owner} leads with tools switched off and a payback period, in writing within a week of the call",
        metric="capacity ready before their next peak",
        pain="their market is not growing, so only savings will be heard",
        ask="Where do you have to do the same with less this year?",
        risk="Growth plans may be postponed; show what it saves even if nothing grows",
    ),
    Topic(
        names=("competitive_pressure", "competition"),
        many="a competitive pressure of {value}",
        terms=("compet", "compar", "landmine", "win", "vendor"),
        better="low",
        middle=5,
        opening="they are under pressure to move, so ask what a competitor of theirs does better today",
        need="a decision that is theirs alone, at their own pace",
        action="{owner} sets the criteria with them within a week of the call, before another vendor does",
        remedy="a solution engineer prepares one timed comparison for the week after the call",
        metric="our criteria in their evaluation sheet before any price",
        pain="others are courting them too, and every claim of ours is compared at once",
        ask="Who else are you talking to, and what do you like about them?",
        risk="A rival may be ahead in the account; find out on this call and plant the question they cannot answer",
    ),
    Topic(
        names=("hiring",),
        many="a hiring growth of {value}",
        terms=("hiring", "headcount", "training", "onboard", "people"),
        better="high",
        middle=0.03,
        fixed=True,
        opening="new people have to be productive quickly, so ask how long that takes today",
        need="new colleagues who have to be productive within weeks",
        action="{owner} offers training for the next intake within two weeks of the call",
        remedy="{owner} writes down how few hours the rollout takes from them, within a week of the call",
        metric="weeks until a new colleague works alone",
        pain="they are not hiring, so whatever they add must not need more hands",
        ask="What would your team do with a day a week back?",
        risk="Stretched teams postpone projects; keep their share of the work small and written down",
    ),
    Topic(
        names=("budget_quarter", "budget_cycle", "fiscal"),
        many="a budget decided in {value}",
        terms=("budget", "quarter", "fiscal", "deadline"),
        fixed=True,
        opening="the timing is on our side, so ask what has to be on the table before the money is assigned",
        need="money that is assigned by a date and lapses after it",
        action="{owner} gets their budget date on the call and sends the text for the request within a week",
        remedy="{owner} splits off a part that needs no new money, within a week of the call",
        metric="the line in their next budget with our name beside it",
        pain="the budget round does not fit, so a decision now has to come from existing money",
        ask="If you agreed today, which budget would it come from?",
        risk="The decision may slip a budget round; split off a part that needs no new money",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How to speak of a promotion: the words for it, which end of which features calls for it, and how to give it."""

    terms: tuple[str, ...]
    calls: tuple[tuple[str, bool], ...]  # a word of the feature's name, and whether its high end calls for it
    terms_of_offer: str


# By a word of the promotion's name.
OFFERS = {
    "discount": Offer(
        terms=("discount", "price", "term", "competitor", "counterpart"),
        calls=(("competitive_pressure", True), ("competitor_product", True), ("employee", False)),
        terms_of_offer="give it only against a longer term or a date",
    ),
    "sla": Offer(
        terms=("sla", "service level", "uptime", "credit", "ticket", "answer"),
        calls=(("ticket", True), ("employee", True), ("annual_revenue", True)),
        terms_of_offer="include it against a signing date",
    ),
    "training": Offer(
        terms=("training", "academy", "course", "certif", "webinar", "champion"),
        calls=(("csm", False), ("licence", False), ("webinar", True), ("hiring", True)),
        terms_of_offer="include it in full and name the people who take it",
    ),
    "implementation": Offer(
        terms=("implementation", "package", "integrat", "matur", "rollout"),
        calls=(("integration", True), ("cloud_maturity", False), ("tech_stack", True)),
        terms_of_offer="make it a fixed scope with one dated result",
    ),
}


def find_offer(name: str, label: str) -> Offer:
    """Return how to speak of a promotion, from its label alone when no word of its name is known."""
    plain = Offer(terms=tuple(label.casefold().split()), calls=(), terms_of_offer="ask for a date in return")
    return next((offer for word, offer in OFFERS.items() if word in name.casefold()), plain)
