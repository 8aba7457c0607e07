"""Briefs, plans, answers and digests as Slack messages: limits, escaping and fallbacks.

Text from outside stands only where Slack parses nothing, in ``plain_text`` objects and in the text elements of
``rich_text`` blocks: there ``*bold*`` and ``<!channel>`` are read as they are written. The one field that Slack does
parse, a message's ``text``, is escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.changes import describe_reason, format_day, name_day
from bot.controls import action_block, answer_controls
from bot.evidence import OUTCOME_CITATION, format_actions
from bot.normalise import capitalise, cut, normalise
from bot.plan import SectionName
from bot.wording import (
    account_title,
    authorship_line,
    citations,
    data_line,
    model_line,
    plan_sections,
    prediction_words,
    statement_words,
)
from kb.documents import DEMO_FOLDER, UnreadableDocument, count_of, describe_demo, describe_hidden, names_of
from storage.records import BIG_MOVE
from storage.units import format_amount, format_amount_change, format_range, format_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from bot.brief import Brief
    from bot.plan import Answer, Plan, Section, Statement
    from kb.documents import Document
    from kb.index import Library
    from pipeline.card import CardSection
    from pipeline.readiness import Readiness
    from storage.records import (
        Account,
        AccountName,
        Change,
        Comparison,
        Contribution,
        DigestRow,
        Movers,
        SnapshotInfo,
        Words,
    )

BRIEF_ACTION: Final = re.compile(r"brief_account(:\d+)?")

Block = dict[str, Any]

_BLOCKS: Final = 50
_HEADER: Final = 150
_SECTION: Final = 3000
_CONTEXT: Final = 3000
_BUTTON: Final = 75
_BUTTON_VALUE: Final = 2000
_BUTTONS: Final = 25
# Slack documents no limit of its own for rich text; messages much beyond this length have been refused.
_RICH_TEXT: Final = 10_000
_TEXT: Final = 4000  # the API takes more, but says that what is beyond may be cut
_STATEMENT: Final = 1000
_NAME: Final = 120
_REASON: Final = 300
_DIGEST_REASON: Final = 90
_DIGEST_LINE: Final = 200
_ALT_TEXT: Final = 2000
_CARD_ROWS: Final = 10
_REMARKS: Final = 3  # on one document
_OUTCOMES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message: its blocks, and the ``text`` that notifications and screen readers read instead."""

    text: str
    blocks: tuple[Block, ...]


def headline_message(brief: Brief) -> Message:
    """Return the message whose thread the brief is: what the account is worth, what it gets and why."""
    account, summary, words = brief.account, brief.snapshot.allocation, brief.snapshot.words
    actions, rank = format_actions(account.allocation.actions, words), _standing(brief)
    title, worth = account_title(account.name, account.account_id), format_amount(account.predicted, words.unit)
    what = prediction_words(brief)
    so_far = [item.text for item in brief.evidence if item.citation.startswith(OUTCOME_CITATION)][:_OUTCOMES]
    whose = [account.industry, account.region, f"{words.owner} {account.owner}" if account.owner else ""]
    blocks = (
        _header(title),
        _rich_text(
            _line(_bold(worth), _plain(f" · {what}")),
            _line(_bold(actions), _plain(f" · at most {summary.cap_per_account} for one {words.account} · {rank}")),
        ),
        _rich_text(_line(_plain(brief.headline))),
        *([_rich_text(_line(_bold("So far")), _bullets(_line(_plain(each)) for each in so_far))] if so_far else []),
        _context(
            *filter(None, [" · ".join(filter(None, whose))]),
            data_line(brief.snapshot),
        ),
    )
    fallback = f"{title}: {worth}, {what}; {actions}, {rank}. {brief.headline}"
    return Message(text=_fallback(fallback), blocks=blocks)


def plan_messages(brief: Brief, plan: Plan) -> tuple[Message, ...]:
    """Return the plan in as few messages as Slack's limits allow, each cut between two statements."""
    title = f"Pre-call plan for {brief.account.name}"
    parts = plan_sections(plan)
    pages = [_Page(menus=_has_actions(brief))]
    for heading, statements in parts:
        for number, statement in enumerate(statements):
            if not pages[-1].has_room(statement, brief, new_section=number == 0):
                pages.append(_Page(menus=_has_actions(brief)))
            # A section that goes on in the next message repeats its heading there.
            pages[-1].add(heading, statement, brief)
    last = _context(authorship_line(plan.authorship))
    messages = [page.message(title) for page in pages]
    messages[-1] = Message(
        text=_fallback(f"{title}. {pages[-1].words()} {authorship_line(plan.authorship)}"),
        blocks=(*messages[-1].blocks, last),
    )
    return tuple(messages)


def section_message(brief: Brief, section: Section) -> Message:
    """Return one section of a plan, posted while the next is written; what does not fit is said to be missing."""
    page, missing = _Page(menus=_has_actions(brief)), 0
    for statement in section.statements:
        if page.has_room(statement, brief, new_section=False):
            page.add(section.name.heading, statement, brief)
        else:
            missing += 1
    notes = [f"{missing} more statements did not fit into this message."] if missing else []
    if not section.statements:
        notes = ["One moment: I am checking what was written here."]
    header = () if section.statements else (_header(section.name.heading),)
    return Message(
        text=_fallback(" ".join([page.words() or section.name.heading, *notes])),
        blocks=(*header, *page.blocks(), *([_context(*notes)] if notes else [])),
    )


def closing_message(brief: Brief, plan: Plan) -> Message:
    """Return what stands below sections that were posted one by one: the promotion, and who wrote it all."""
    page = _Page(menus=False)
    if plan.promotion:
        page.add("Recommended promotion", plan.promotion, brief)
    line = authorship_line(plan.authorship)
    return Message(text=_fallback(f"{page.words()} {line}".strip()), blocks=(*page.blocks(), _context(line)))


def answer_message(brief: Brief, answer: Answer) -> Message:
    """Return the answer to a follow-up question; what does not fit into one message is said to be missing.

    How the question was read stands above it, with a button below for who meant something else; or what it may have
    meant, with a button for who did.
    """
    page, missing = _Page(menus=False), 0
    for statement in answer.statements:
        if missing or not page.has_room(statement, brief, new_section=not page.sections):
            missing += 1
        else:
            page.add("", statement, brief)
    note = [f"{missing} more statements did not fit into this message."] if missing else []
    closing = [*note, authorship_line(answer.authorship)]
    reading = [f"Read as: {answer.reading}"] if answer.reading else []
    proposal = [answer.proposal.question] if answer.proposal else []
    controls = answer_controls(misread=bool(reading), proposed=answer.proposal.call if answer.proposal else "")
    return Message(
        text=_fallback(" ".join([page.words(), *reading, *proposal, *closing])),
        blocks=(
            *([_context(*reading)] if reading else []),
            *([_rich_text(_line(_plain(*proposal)))] if proposal else []),
            *page.blocks(),
            _context(*closing),
            controls,
        ),
    )


def help_message(words: Words | None) -> Message:
    """Return what the bot can be asked; before anything was built there are no words of a business."""
    account, accounts, actions = (
        (words.account, words.accounts, words.actions) if words else ("account", "accounts", "actions")
    )
    ways = (
        (f"/precall {account} id", "the brief on it: what we expect, why, and a plan for the call"),
        (f"/precall {account} name", "the same by its whole name"),
        (f"/precall --private {account} id", "the brief in our direct messages, to read first and share later"),
        (f"/precall why {account} id", f"why it gets as many {actions} as it does"),
        ("/precall digest", f"today's {accounts} and what changed, in our direct messages"),
        ("/precall subscribe", "the same every day you choose, here or in our direct messages; unsubscribe ends it"),
        ("/precall docs", "which documents I quote from, how old they are, and what is wrong with any"),
        ("/precall model", "how good the model is, on what data, and what its limits are"),
        (f"@precall {account} id", "the same where you can mention me, or in a direct message"),
    )
    lead = "I prepare your next call."
    follow = (
        f"Then ask anything in the brief's thread, for instance: why these {actions}? I answer from the same brief."
    )
    items = [_line(_code(command), _plain(f" {meaning}")) for command, meaning in ways]
    said = "; ".join(f"{command}: {meaning}" for command, meaning in ways)
    return Message(
        text=_fallback(f"{lead} {said}. {follow}"),
        blocks=(_rich_text(_line(_bold(lead)), _bullets(items), _line(_plain(follow))),),
    )


def model_message(sections: Sequence[CardSection]) -> Message:
    """Return the model card; a table becomes a list with a line for each of its rows."""
    blocks: list[Block] = [_header("Model card")]
    for section in sections:
        head, *rows = section.table or ((),)
        said = [_line(_plain(normalise(sentence, limit=_STATEMENT))) for sentence in section.sentences]
        listed = [_line(_bold(f"{normalise(row[0], limit=_NAME)}: "), _plain(_row_words(head, row))) for row in rows]
        shown = listed[:_CARD_ROWS]
        if len(listed) > len(shown):
            shown.append(_line(_plain(f"and {len(listed) - len(shown):,} more; `precall card` writes all of them.")))
        blocks += [_header(section.heading), _rich_text(_bullets([*said, *shown]))]
    words = " ".join(sentence for section in sections for sentence in section.sentences)
    return Message(text=_fallback(f"Model card. {words}"), blocks=tuple(blocks[:_BLOCKS]))


def reasons_message(account: Account, reasons: Sequence[str], info: SnapshotInfo) -> Message:
    """Return why an account gets its actions, a reason a line."""
    title = account_title(normalise(account.name, limit=_NAME), account.account_id)
    gets = capitalise(format_actions(account.allocation.actions, info.words))
    said = [normalise(reason, limit=_STATEMENT) for reason in reasons]
    return Message(
        text=_fallback(f"{title}: {gets}. {' '.join(said)}"),
        blocks=(
            _rich_text(_line(_bold(f"{title} · {gets}")), _bullets([_line(_plain(each)) for each in said])),
            _context(data_line(info)),
        ),
    )


def documents_message(library: Library | None, *, now: datetime) -> Message:
    """Return the documents that may be quoted, and the files that are not used with the reasons.

    What does not fit into one message is counted.
    """
    if library is None or not (library.documents or library.problems):
        return sentence_message("There are no documents yet. Whoever runs me adds them with `precall kb`.")
    pages = sum(document.pages for document in library.documents)
    lead = f"{count_of(len(library.documents), 'document')} with {count_of(pages, 'page')}"
    lead += f"; {count_of(len(library.problems), 'file')} not used." if library.problems else "."
    remark = describe_demo(library.documents, folder=f"kb/documents/{DEMO_FOLDER} in PRECALL_HOME")
    lead = f"{lead} {remark}".rstrip()
    used = zip(names_of(library.documents), library.documents, strict=True)
    with_remarks_first = sorted(used, key=lambda each: (not each[1].remarks, each[0].casefold()))
    parts = (
        (
            "Not used",
            [
                (each.file, [f"{each.reason}. {each.remedy}.", *_remarks(describe_hidden(each.hidden))])
                for each in library.problems
            ],
        ),
        ("Used", [(name, _document_facts(each, now=now)) for name, each in with_remarks_first]),
    )
    blocks: list[Block] = [_header("Documents"), _section(lead)]
    for heading, entries in parts:
        if entries:
            lines, missing = _document_lines(entries)
            left = [_line(_plain(f"and {missing:,} more; `precall kb` lists all of them."))] if missing else []
            blocks.append(_rich_text(_line(_bold(heading)), _bullets([*lines, *left])))
    said = " ".join(f"{name}: {' '.join(facts)}" for _, entries in parts for name, facts in entries[:_CARD_ROWS])
    return Message(text=_fallback(f"{lead} {said}"), blocks=tuple(blocks))


def taken_in_message(found: Document | UnreadableDocument) -> Message:
    """Return what became of a file that somebody shared."""
    name = normalise(found.file.rpartition("/")[2], limit=_NAME)
    if isinstance(found, UnreadableDocument):
        said = [
            f"I did not take in {name}: it {found.reason}. {found.remedy}.",
            *_remarks(describe_hidden(found.hidden)),
        ]
    else:
        title = normalise(found.title, limit=_NAME)
        size = f"{count_of(found.pages, 'page')}, {count_of(found.passages, 'passage')}"
        said = [f"I took in {name} as “{title}” ({found.kind}): {size}. I quote from it now.", *_remarks(found.remarks)]
    return sentence_message(" ".join(said))


def _document_facts(document: Document, *, now: datetime) -> list[str]:
    days = max(0, (now - document.modified).days)
    age = f"changed {count_of(days, 'day')} ago" if days else "changed today"
    return [f"{document.kind}, {count_of(document.pages, 'page')}, {age}.", *_remarks(document.remarks)]


def _remarks(remarks: Sequence[str]) -> list[str]:
    shown = [normalise(each, limit=_REASON) for each in remarks[:_REMARKS]]
    return [*shown, f"And {len(remarks) - _REMARKS:,} more."] if len(remarks) > _REMARKS else shown


def _document_lines(entries: Sequence[tuple[str, list[str]]]) -> tuple[list[Block], int]:
    """Return as many lines as half a message holds, and how many entries are left."""
    lines: list[Block] = []
    room = _RICH_TEXT // 2
    for name, facts in entries:
        shown, said = normalise(name, limit=_NAME), cut(" ".join(facts), _STATEMENT)
        room -= len(shown) + len(said)
        if room < 0:
            break
        lines.append(_line(_bold(shown), _plain(f" · {said}")))
    return lines, len(entries) - len(lines)


def unknown_account_message(asked: str, closest: tuple[AccountName, ...], *, words: Words) -> Message:
    """Return that nothing has this id or name, with the closest ones as buttons."""
    start = f"No {words.account} has the id or name “{normalise(asked, limit=_NAME)}”."
    if not closest:
        return sentence_message(f"{start} Nothing resembles it; try an id as it is in your data, or a whole name.")
    return _choice(f"{start} Did you mean one of these?", closest)


def several_accounts_message(asked: str, choices: tuple[AccountName, ...], *, words: Words) -> Message:
    """Return that several accounts have this name, with a button for each."""
    start = f"Several {words.accounts} are called “{normalise(asked, limit=_NAME)}”."
    return _choice(f"{start} Which one do you mean?", choices)


def digest_message(
    info: SnapshotInfo,
    rows: tuple[DigestRow, ...],
    *,
    day: date,
    movers: Movers | None = None,
    loads: Sequence[str] = (),
    notes: Sequence[str] = (),
    picture: tuple[str, str] | None = None,
) -> Message:
    """Return the accounts of a day, best first, each with a button that briefs it, and what moved since.

    ``loads`` says of each rep what is left to do, below a heading that comes first; ``notes`` follow the lead.
    ``picture`` is the id of an uploaded file and what it shows in words.
    """
    summary, words = info.allocation, info.words
    title = f"{capitalise(words.accounts)} for {day:%A}, {format_day(day)}"
    lead = f"{format_actions(summary.allocated, words)} on {summary.accounts_with_actions:,} of "
    lead += f"{info.accounts:,} {words.accounts}, "
    lead += (
        f"by predicted {words.target} with its {info.card.interval_level * 100:.0f} % interval."
        if info.card.ranks
        else f"in turns: no model is better than a constant here, so every {words.account} is predicted the same and "
        "none is ranked."
    )
    moved = _movers_lines(info, movers)
    lists = [*moved, *([(loads[0], loads[1:])] if loads else [])]
    # The header, the lead, the picture, the lists, the closing line and the count of what is missing take a block each.
    room = _BLOCKS - 3 - bool(lists) - bool(picture)
    most = room if len(rows) <= room else room - 1
    shown = rows[:most]
    if not rows:
        lead = f"No {words.account} gets {words.actions}."
    lead = " ".join([lead, *notes])
    missing = [f"{len(rows) - most:,} more {words.accounts} do not fit into this message."] if len(rows) > most else []
    lines = [_digest_lines(number, row, info) for number, row in enumerate(shown, start=1)]
    blocks = (
        _header(title),
        _section(lead),
        *([_picture(*picture)] if picture else []),
        *(_digest_section(number, row, text) for number, (row, text) in enumerate(zip(shown, lines, strict=True))),
        *map(_section, missing),
        *([_lists_block(lists)] if lists else []),
        _context(model_line(info), data_line(info)),
    )
    movements = [line for heading, said in lists for line in (f"{heading}:", *said)]
    return Message(text=_fallback(" ".join([f"{title}. {lead}", *lines, *missing, *movements])), blocks=blocks)


def readiness_message(readiness: Readiness) -> Message:
    """Return for whoever runs the builds what a table is fit for: verdict, rows, leaks, and columns that are not read.

    What does not fit is counted; the report in the terminal has all of it.
    """
    verdict = f"{capitalise(readiness.verdict.value)}: {normalise(readiness.source, limit=_NAME)}"
    leaks = {leak.column for leak in readiness.leaks}
    unread = [column for column in readiness.columns if not column.used and column.name not in leaks]
    facts = [
        f"{readiness.rows_read:,} rows read, {readiness.rows_used:,} used.",
        *(
            [f"{readiness.rows_to_predict:,} of them have no outcome: they are predicted, and teach nothing."]
            if readiness.rows_to_predict
            else []
        ),
        *([f"{readiness.merged:,} exact copies of other rows were merged."] if readiness.merged else []),
        f"{len(readiness.features):,} of {len(readiness.columns):,} columns are features of the model.",
        f"Read as {readiness.reading}.",
    ]
    parts = (
        ("Why", list(readiness.reasons)),
        ("Rows", facts),
        ("Dropped rows", [str(each) for each in readiness.dropped]),
        ("Ids of different rows", list(readiness.conflicting)),
        ("Suspected leaks", [_leak_line(leak.column, leak.how, allowed=leak.allowed) for leak in readiness.leaks]),
        ("Columns that are not read", [f"{column.name} ({column.type}): {column.done}" for column in unread]),
    )
    blocks: list[Block] = [_header(verdict)]
    for heading, lines in parts:
        if lines:
            shown = [_line(_plain(normalise(line, limit=_REASON))) for line in lines[:_CARD_ROWS]]
            if len(lines) > len(shown):
                shown.append(_line(_plain(f"and {len(lines) - len(shown):,} more.")))
            blocks.append(_rich_text(_line(_bold(heading)), _bullets(shown)))
    said = " ".join(normalise(line, limit=_REASON) for _, lines in parts[:2] for line in lines[:_CARD_ROWS])
    return Message(text=_fallback(f"{verdict}. {said}"), blocks=tuple(blocks))


def _leak_line(column: str, how: str, *, allowed: bool) -> str:
    return f"{column} {how}; {'the pack allows it' if allowed else 'it is left out'}"


def sent_directly_message(reason: str, *, link: str) -> Message:
    """Return that the brief went to the direct messages of who asked, and why."""
    lead = f"I sent it to you directly, {reason}."
    if "not in this conversation" in reason:
        lead += " Invite me with /invite @precall to have the next one here."
    return Message(
        text=_fallback(f"{lead} {link}"),
        blocks=(_rich_text(_line(_plain(f"{lead} "), {"type": "link", "url": link, "text": "Open it"})),),
    )


def sentence_message(sentence: str) -> Message:
    """Return a notice or an error."""
    shown = normalise(sentence, limit=_SECTION) or "There is nothing to say."
    return Message(text=_fallback(shown), blocks=(_section(shown),))


def _row_words(head: Sequence[str], row: Sequence[str]) -> str:
    return " · ".join(f"{name} {cell}" for name, cell in zip(head[1:], row[1:], strict=True))


def _choice(sentence: str, accounts: tuple[AccountName, ...]) -> Message:
    """Return the sentence with a button for each account that one can carry; the others are named, or counted."""
    buttons: list[Block] = []
    named: list[str] = []
    for account in accounts[:_BUTTONS]:
        title = account_title(account.name, account.account_id, limit=_BUTTON)
        if len(account.account_id) <= _BUTTON_VALUE:
            buttons.append(_brief_button(len(buttons), title, account.account_id))
        else:
            named.append(title)
    if len(accounts) > _BUTTONS:
        named.append(f"{len(accounts) - _BUTTONS:,} more")
    also = f"Also: {', '.join(named)}." if named else ""
    titles = [button["text"]["text"] for button in buttons]
    return Message(
        text=_fallback(f"{sentence} {', '.join(titles)} {also}".strip()),
        blocks=(
            _section(sentence),
            *([{"type": "actions", "elements": buttons}] if buttons else []),
            *([_context(also)] if also else []),
        ),
    )


def _has_actions(brief: Brief) -> bool:
    return brief.account.allocation.actions > 0


class _Page:
    """The statements of one message, under their headings; with ``menus`` each action has one for what became of it."""

    def __init__(self, *, menus: bool) -> None:
        self._menus = menus
        self.sections: list[tuple[str, list[tuple[str, str]]]] = []
        self._characters = 0

    def has_room(self, statement: Statement, brief: Brief, *, new_section: bool) -> bool:
        """Tell whether the statement still fits, with the closing line and the controls below."""
        text, cited = statement_words(statement), citations(statement, brief)
        if not self.sections:
            return True
        blocks = sum(1 + (len(said) if self._has_menus(heading) else 1) for heading, said in self.sections)
        blocks += (2 if new_section else 1) + 2
        return blocks <= _BLOCKS and self._characters + len(text) + len(cited) <= _RICH_TEXT

    def add(self, heading: str, statement: Statement, brief: Brief) -> None:
        """Put the statement below its heading."""
        if not self.sections or self.sections[-1][0] != heading:
            self.sections.append((heading, []))
        text, cited = statement_words(statement), citations(statement, brief)
        self.sections[-1][1].append((text, cited))
        self._characters += len(text) + len(cited)

    def blocks(self) -> tuple[Block, ...]:
        """Return each section as a heading, if it has one, with its statements below."""
        blocks: list[Block] = []
        for heading, statements in self.sections:
            if heading:
                blocks.append(_header(heading))
            if self._has_menus(heading):
                blocks += [action_block(number, text, cited) for number, (text, cited) in enumerate(statements)]
                continue
            lines = [_line(_plain(text), *([_italic(f" {cited}")] if cited else [])) for text, cited in statements]
            blocks.append(_rich_text(_bullets(lines) if heading or len(lines) > 1 else lines[0]))
        return tuple(blocks)

    def _has_menus(self, heading: str) -> bool:
        return self._menus and heading == SectionName.ACTIONS.heading

    def words(self) -> str:
        """Return all of it as running text."""
        return " ".join(
            f"{heading}: {said}" if heading else said
            for heading, statements in self.sections
            for said in [" ".join(text for text, _ in statements)]
        )

    def message(self, title: str) -> Message:
        """Return the page as a message of its own."""
        return Message(text=_fallback(f"{title}. {self.words()}"), blocks=self.blocks())


def _digest_lines(number: int, row: DigestRow, info: SnapshotInfo) -> str:
    """Return three lines, or four: who; how much, what it gets and whose it is; what moves it; why it gets that."""
    words = info.words
    facts = (
        f"{format_amount(row.predicted, words.unit)} ({format_range(row.low, row.high, words.unit)})",
        format_actions(row.actions, words),
        normalise(row.owner, limit=_NAME),
    )
    return "\n".join(
        (
            f"{number}. {account_title(normalise(row.name, limit=_NAME), row.account_id)}",
            " · ".join(filter(None, facts)),
            _digest_reason(row.strongest, info),
            *([normalise(row.reason, limit=_DIGEST_LINE)] if info.card.ranks and row.reason else []),
        )
    ).rstrip()


def _digest_reason(strongest: Sequence[Contribution], info: SnapshotInfo) -> str:
    """Return the features that move the prediction most, in one line; the whole reason is in the brief."""
    if not info.card.ranks:
        return f"its turn; no {info.words.account} is ranked above another"
    each = _DIGEST_REASON // max(len(strongest), 1) - len(" · ")
    return " · ".join(_contribution(one, info.words.unit, limit=each) for one in strongest)


def _contribution(one: Contribution, unit: str, *, limit: int) -> str:
    """Return ``Demo requests 7 +$19.5K``; where that is too long, it is the feature that is cut."""
    value = normalise(format_value(one.feature, one.value), limit=limit // 2)
    effect = format_amount_change(one.shap, unit)
    room = max(limit - len(value) - len(effect) - 2, limit // 4)
    return f"{normalise(one.feature.label, limit=room)} {value} {effect}"


def _movers_lines(info: SnapshotInfo, movers: Movers | None) -> list[tuple[str, list[str]]]:
    """Return the headings of what moved, each with its lines; nothing where there is nothing to compare with."""
    if info.comparison is None or movers is None:
        return []
    since = name_day(info, info.comparison)
    if not movers.up and not movers.down:
        return [(f"No prediction moved by {BIG_MOVE * 100:.0f} % or more since {since}", [])]
    return [
        (
            f"{direction} most since {since}",
            [_mover_line(change, info.comparison, info.words.unit) for change in changes],
        )
        for direction, changes in (("Up", movers.up), ("Down", movers.down))
        if changes
    ]


def _mover_line(change: Change, comparison: Comparison, unit: str) -> str:
    name = account_title(normalise(change.name, limit=_NAME), change.account_id)
    before, after = (format_amount(each or 0, unit) for each in (change.predicted_before, change.predicted_after))
    reason = describe_reason(change, comparison, unit=unit)
    return cut(f"{name}: {format_amount_change(change.move, unit)}, from {before} to {after}, {reason}", _REASON)


def _lists_block(lists: Sequence[tuple[str, Sequence[str]]]) -> Block:
    elements = []
    for heading, lines in lists:
        elements.append(_line(_bold(heading)))
        if lines:
            elements.append(_bullets(_line(_plain(line)) for line in lines))
    return _rich_text(*elements)


def _digest_section(number: int, row: DigestRow, text: str) -> Block:
    block = _section(text)
    if len(row.account_id) <= _BUTTON_VALUE:
        block["accessory"] = _brief_button(number, "Brief me", row.account_id)
    return block


def _standing(brief: Brief) -> str:
    """Return the account's place, or that it has none worth telling."""
    if not brief.snapshot.card.ranks:
        return "no ranking: no model is better than a constant here"
    rank = f"rank {brief.account.allocation.rank:,} of {brief.snapshot.accounts:,} {brief.snapshot.words.accounts}"
    return f"{rank}, interval too wide to rank" if brief.account.standing.too_wide_to_rank else rank


def _fallback(text: str) -> str:
    """Return text for the field that Slack parses: no mention, no link."""
    escaped = _escape(cut(text, _TEXT))
    # Escaping can make it longer; cut what was not escaped, so that no entity is cut in two.
    return escaped if len(escaped) <= _TEXT else _escape(cut(text, _TEXT // 5))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain_text(text, limit=_HEADER)}


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain_text(text, limit=_SECTION)}


def _context(*texts: str) -> Block:
    return {"type": "context", "elements": [_plain_text(text, limit=_CONTEXT) for text in texts]}


def _picture(file_id: str, alt_text: str) -> Block:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": cut(alt_text, _ALT_TEXT)}


def _brief_button(number: int, label: str, account_id: str) -> Block:
    return {
        "type": "button",
        "action_id": f"brief_account:{number}",
        "text": _plain_text(label, limit=_BUTTON),
        "value": account_id,
    }


def _plain_text(text: str, *, limit: int) -> Block:
    return {"type": "plain_text", "text": cut(text, limit), "emoji": False}


def _rich_text(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _line(*parts: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(parts)}


def _bullets(lines: Iterable[Block]) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(lines)}


def _plain(text: str) -> Block:
    return {"type": "text", "text": text}


def _bold(text: str) -> Block:
    return _plain(text) | {"style": {"bold": True}}


def _italic(text: str) -> Block:
    return _plain(text) | {"style": {"italic": True}}


def _code(text: str) -> Block:
    return _plain(text) | {"style": {"code": True}}
