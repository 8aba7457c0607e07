"""The Home tab: somebody's accounts, open actions, subscriptions and a search; for who runs the bot, how it is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from slack_sdk.errors import SlackApiError

from bot.audit import AuditKind, audit_view
from bot.changes import describe_reason, name_day
from bot.controls import Subject
from bot.digest import find_open
from bot.errors import explain
from bot.evidence import format_actions
from bot.health import Health
from bot.normalise import capitalise, cut, normalise
from bot.outcomes import count_handled
from bot.rights import Role
from bot.room import Room
from bot.subscribing import find_own, name_room, other_blocks
from bot.subscriptions import end_block, subscribe_button
from bot.wording import account_title, data_line, model_line
from storage.errors import NoSnapshotError
from storage.units import format_amount, format_amount_change, format_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slack_sdk import WebClient

    from bot.access import Viewer
    from bot.services import Services
    from storage.records import Change, DigestRow, SnapshotInfo, Source
    from storage.snapshots import Snapshot

Block = dict[str, Any]
logger = logging.getLogger(__name__)

SEARCH: Final = "find_account"
_MOST_LISTED: Final = 10
_MOST_MOVERS: Final = 3  # in each direction
_MOST_SUBSCRIPTIONS: Final = 20
_MOST_OTHERS: Final = 20
_MOST_FINDINGS: Final = 6
_MOST_FOUND: Final = 20
_NAME: Final = 80
_OPTION: Final = 75
_VALUE: Final = 150
_LINE: Final = 300
_SECTION: Final = 3000
_HEADINGS: Final = {Role.REP: "Your {}", Role.MANAGER: "Your team's {}", Role.OPS: "All {}", None: "All {}"}


def publish_home(services: Services, client: WebClient, user_id: str, *, channel: str) -> None:
    """Show somebody their Home tab; ``channel`` is that of their direct messages, where its buttons answer."""
    viewer = services.access.viewer(user_id)
    room = Room(client=client, channel=channel, thread_ts=None, user_id=user_id, respond=None)
    blocks, snapshot_id, account_ids = _blocks(services, viewer)
    audit_view(services, room, AuditKind.HOME, snapshot_id=snapshot_id, account_ids=account_ids)
    subject = Subject(channel=channel, thread_ts="", message_ts="")
    client.views_publish(
        user_id=user_id, view={"type": "home", "private_metadata": subject.to_text(), "blocks": blocks}
    )


def show_home(services: Services, client: WebClient, user_id: str) -> None:
    """Bring the Home tab up to date after something that it shows changed; where Slack has none, nothing is lost."""
    channel = client.conversations_open(users=user_id)["channel"]["id"]
    try:
        publish_home(services, client, user_id, channel=channel)
    except SlackApiError as error:
        logger.warning("Slack did not take a Home tab: %s", error.response.get("error"))


def find_accounts(services: Services, viewer: Viewer, text: str) -> list[Block]:
    """Return as options the accounts whose id or name holds this text, then those that resemble it.

    Only what the viewer may see is among them, and no id that is longer than an option may be.
    """
    with services.snapshots.lease() as snapshot:
        found = snapshot.containing(text, limit=_MOST_FOUND, visible=viewer.may_see)
        found = tuple(dict.fromkeys((*found, *snapshot.closest(text, visible=viewer.may_see))))
    return [
        {"text": _plain(account_title(account.name, account.account_id, limit=_OPTION)), "value": account.account_id}
        for account in found
        if len(account.account_id) <= _VALUE
    ]


def _blocks(services: Services, viewer: Viewer) -> tuple[list[Block], str | None, tuple[str, ...]]:
    """Return the blocks of the Home, and of which snapshot and accounts they speak."""
    if viewer.outsider:
        return [_section("I work for full members of this workspace only. I am sorry.")], None, ()
    try:
        with services.snapshots.lease() as snapshot:
            blocks, account_ids = _account_blocks(services, viewer, snapshot)
            info = snapshot.info
    except NoSnapshotError as error:
        blocks, account_ids, info = [_section(explain(error))], (), None
    blocks += _subscription_blocks(services, viewer)
    if viewer.role is Role.OPS:
        blocks += [*_admin_blocks(services, info), *other_blocks(services, viewer.user_id, limit=_MOST_OTHERS)]
    return blocks, info.snapshot_id if info else None, account_ids


def _account_blocks(services: Services, viewer: Viewer, snapshot: Snapshot) -> tuple[list[Block], tuple[str, ...]]:
    info, words = snapshot.info, snapshot.info.words
    handled = count_handled(services.state, since=services.clock() - services.cooldown)
    total = sum(book.accounts for book in snapshot.books() if viewer.may_see(book))
    rows = snapshot.digest(limit=_MOST_LISTED, least_actions=0, visible=viewer.may_see)
    waiting = find_open(snapshot, limit=_MOST_LISTED, may_see=viewer.may_see, handled=handled)
    movers = snapshot.movers(limit=_MOST_MOVERS, visible=viewer.may_see)
    moved = (*movers.up, *movers.down)
    heading = _HEADINGS[viewer.role].format(words.accounts)
    lines = [_account_line(row, info, done=row.account_id in handled) for row in rows]
    if total > len(rows):
        lines.append(f"and {total - len(rows):,} more; find them above")
    open_now = sum(row.actions for row in find_open(snapshot, limit=total, may_see=viewer.may_see, handled=handled))
    blocks = [
        _search_block(words.account),
        _header(heading if rows else f"No {words.accounts} that I may show you"),
        *([_list("", lines)] if rows else []),
        *(
            [_list(f"Moved since {name_day(info, info.comparison)}", [_mover_line(each, info) for each in moved])]
            if info.comparison and moved
            else []
        ),
        _header(f"Open {words.actions}"),
        _section(
            f"{capitalise(format_actions(open_now, words))} with no outcome yet."
            if open_now
            else f"No {words.action} waits for an outcome."
        ),
        *(_action_block(number, row, info) for number, row in enumerate(waiting, start=1)),
        _context(model_line(info), data_line(info)),
    ]
    named = [row.account_id for row in (*rows, *waiting)] + [change.account_id for change in moved]
    return blocks, tuple(dict.fromkeys(named))


def _subscription_blocks(services: Services, viewer: Viewer) -> list[Block]:
    own = find_own(services, viewer.user_id)
    shown = own[:_MOST_SUBSCRIPTIONS]
    return [
        _header("Your digests"),
        *([] if own else [_section("You have no subscription.")]),
        *(end_block(number, each, room=name_room(services, viewer.user_id, each)) for number, each in enumerate(shown)),
        subscribe_button(),
    ]


def _admin_blocks(services: Services, info: SnapshotInfo | None) -> list[Block]:
    """Return what whoever runs the bot should know: the last build, the documents, the rights, and how it is."""
    lines = []
    if info is not None:
        lines += [
            f"Last build: snapshot {info.snapshot_id} of {info.created_at:%d %b %Y, %H:%M} UTC",
            f"Its data: {normalise(info.source.description, limit=_LINE)}, {info.accounts:,} {info.words.accounts}",
            *_readiness_lines(info.source),
            f"{model_line(info)}; /precall model shows the model card",
        ]
    library = services.shelf.current()
    if library is None:
        lines.append("Documents: none")
    else:
        lines.append(f"Documents: {len(library.documents):,} used, {len(library.problems):,} files not used")
    if services.access.is_open:
        lines.append("Rights: there is no access.toml, so every full member sees everything")
    lines += [f"{capitalise(name)}: {found}" for name, found in Health(services).look().items() if name != "slack"]
    return [_header("For who runs me"), _list("", lines)]


def _readiness_lines(source: Source) -> list[str]:
    """Return what the file of accounts was found fit for at the last build, and why."""
    if not source.fitness:
        return []
    shown = [normalise(each, limit=_LINE) for each in source.findings[:_MOST_FINDINGS]]
    if more := len(source.findings) - len(shown):
        shown.append(f"{more:,} more in the report of the build.")
    return [f"Readiness: {source.fitness}. {shown[0] if shown else ''}".strip(), *shown[1:]]


def _account_line(row: DigestRow, info: SnapshotInfo, *, done: bool) -> str:
    words = info.words
    name = account_title(normalise(row.name, limit=_NAME), row.account_id)
    worth = f"{format_amount(row.predicted, words.unit)} ({format_range(row.low, row.high, words.unit)})"
    said = ", outcome reported" if done else ""
    return cut(f"{name}: {worth}, {format_actions(row.actions, words)}{said}", _LINE)


def _mover_line(change: Change, info: SnapshotInfo) -> str:
    name = account_title(normalise(change.name, limit=_NAME), change.account_id)
    reason = describe_reason(change, info.comparison, unit=info.words.unit) if info.comparison else ""
    return cut(f"{name}: {format_amount_change(change.move, info.words.unit)}, {reason}", _LINE)


def _action_block(number: int, row: DigestRow, info: SnapshotInfo) -> Block:
    name = account_title(normalise(row.name, limit=_NAME), row.account_id)
    why = normalise(row.reason, limit=_LINE) if info.card.ranks and row.reason else ""
    block = _section("\n".join(filter(None, [f"{name}: {format_actions(row.actions, info.words)}", why])))
    if len(row.account_id) <= _VALUE:
        block["accessory"] = {
            "type": "button",
            "action_id": f"brief_account:{number}",
            "text": _plain("Brief me"),
            "value": row.account_id,
        }
    return block


def _search_block(account: str) -> Block:
    select = {
        "type": "external_select",
        "action_id": SEARCH,
        "min_query_length": 2,
        "placeholder": _plain(f"Find {'an' if account[:1] in 'aeiou' else 'a'} {account} by name or id"),
    }
    return {"type": "actions", "block_id": "search", "elements": [select]}


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(cut(text, 150))}


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(cut(text, _SECTION))}


def _context(*texts: str) -> Block:
    return {"type": "context", "elements": [_plain(text) for text in texts]}


def _list(heading: str, lines: Sequence[str]) -> Block:
    """Return lines with bullets in a block in which Slack parses nothing, perhaps below a heading."""
    bullets = [{"type": "rich_text_section", "elements": [{"type": "text", "text": line}]} for line in lines]
    bold = {"type": "text", "text": heading, "style": {"bold": True}}
    return {
        "type": "rich_text",
        "elements": [
            *([{"type": "rich_text_section", "elements": [bold]}] if heading else []),
            {"type": "rich_text_list", "style": "bullet", "elements": bullets},
        ],
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
