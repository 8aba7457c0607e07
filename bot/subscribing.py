"""What people do with digests: have one now, subscribe to one, list theirs and end them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from slack_sdk.errors import SlackApiError

from bot.admission import remembering
from bot.audit import AuditKind, audit_unsubscribed, audit_view
from bot.blocks import Message, sent_directly_message, sentence_message
from bot.digest import make_digest
from bot.digest.posting import upload_picture
from bot.normalise import normalise
from bot.outcomes import count_handled
from bot.rights import Role
from bot.subscriptions import DIRECT, HERE, describe, end_block, subscribe_button
from storage.errors import NoSnapshotError

if TYPE_CHECKING:
    from bot.access import Viewer, Visit
    from bot.controls import Block
    from bot.room import Room
    from bot.services import Services
    from bot.subscriptions import Wish
    from storage.state import Subscription

_MOST_LISTED: Final = 20
_MOST_OWN: Final = 20
_NAME: Final = 80


def send_digest(services: Services, visit: Visit, room: Room) -> None:
    """Send today's digest to who asked, in the direct messages, with what this person may see."""
    direct = remembering(services, room.direct(), None)
    now, zone = services.clock(), services.access.timezone(room.user_id)
    digest = make_digest(
        services.snapshots,
        day=now.astimezone(ZoneInfo(zone if zone in available_timezones() else "UTC")).date(),
        may_see=visit.viewer.may_see,
        handled=count_handled(services.state, since=now - services.cooldown),
    )
    audit_view(services, direct, AuditKind.DIGEST, snapshot_id=digest.info.snapshot_id, account_ids=digest.account_ids)
    ts = direct.post(digest.message(upload_picture(room.client, digest)))
    if direct.channel != room.channel:
        room.whisper(sent_directly_message("as digests that are asked for are yours alone", link=direct.find_link(ts)))


def offer_subscription(room: Room) -> None:
    """Show the button that opens the modal, where no modal can be opened at once."""
    notice = sentence_message("Tell me when and where you want the digest.")
    room.whisper(Message(text=notice.text, blocks=(*notice.blocks, subscribe_button())))


def find_obstacle(services: Services, room: Room, wish: Wish) -> str:
    """Return why somebody cannot have this subscription, empty where they can."""
    if services.access.viewer(room.user_id).outsider:
        return "I work for full members of this workspace only."
    if len(find_own(services, room.user_id)) >= _MOST_OWN:
        return f"You have {_MOST_OWN} subscriptions already; end one of them first."
    return _find_obstacle_here(services, room) if wish.place == HERE else ""


def subscribe(services: Services, room: Room, wish: Wish, *, subscription_id: str) -> Subscription:
    """Remember a subscription."""
    channel = room.direct().channel if wish.place == DIRECT else room.channel
    subscription = wish.subscription(
        subscription_id=subscription_id, channel=channel, user_id=room.user_id, now=services.clock()
    )
    services.state.subscribe(subscription)
    return subscription


def confirm_subscription(room: Room, subscription: Subscription) -> None:
    """Say in the direct messages what was subscribed."""
    direct = room.direct()
    where = "here" if subscription.channel == direct.channel else "in the channel where you asked"
    direct.tell(f"The digest comes {where}. {describe(subscription)}. /precall unsubscribe ends it.")


def list_subscriptions(services: Services, room: Room) -> None:
    """Show this person's subscriptions, each with a button that ends it; to ops also those of all others."""
    own = find_own(services, room.user_id)
    notice = sentence_message("These are your subscriptions." if own else "You have no subscription.")
    shown = [
        end_block(number, each, room=name_room(services, room.user_id, each))
        for number, each in enumerate(own[:_MOST_LISTED])
    ]
    blocks = [*notice.blocks, *shown, *([] if own else [subscribe_button()])]
    if services.access.viewer(room.user_id).role is Role.OPS:
        blocks += other_blocks(services, room.user_id, limit=_MOST_LISTED)
    room.whisper(Message(text=notice.text, blocks=tuple(blocks)))


def other_blocks(services: Services, user_id: str, *, limit: int) -> list[Block]:
    """Return for who runs the bot the subscriptions of all others, each with a button that ends it."""
    others = [each for each in services.state.subscriptions() if each.created_by != user_id]
    if not others:
        return []
    shown = others[:limit]
    lead = "Subscriptions of others:"
    if len(others) > len(shown):
        lead = f"Subscriptions of others, the oldest {len(shown)} of {len(others)}:"
    return [
        *sentence_message(lead).blocks,
        *(
            end_block(f"other:{number}", each, room=_name_other(services, user_id, each))
            for number, each in enumerate(shown)
        ),
    ]


def end_subscription(services: Services, room: Room, subscription_id: str) -> None:
    """End a subscription of this person, or for ops of anybody, and say so; others are told nothing of it."""
    subscription = services.state.find_subscription(subscription_id)
    own = subscription is not None and subscription.created_by == room.user_id
    if subscription is None or not (own or services.access.viewer(room.user_id).role is Role.OPS):
        room.tell("This subscription has ended already.")
        return
    if not own:
        audit_unsubscribed(services, room, subscription_id)
    services.state.unsubscribe(subscription_id, user_id=room.user_id, now=services.clock())
    room.tell(f"Ended: {describe(subscription)}.")
    if not own:
        with suppress(SlackApiError):  # who has left the workspace cannot be told
            subscriber = replace(room, user_id=subscription.created_by).direct()
            subscriber.tell(f"Who runs me has ended this digest of yours: {describe(subscription)}.")


def find_own(services: Services, user_id: str) -> tuple[Subscription, ...]:
    """Return the subscriptions that somebody made, oldest first."""
    return tuple(each for each in services.state.subscriptions() if each.created_by == user_id)


def name_room(services: Services, user_id: str, subscription: Subscription) -> str:
    """Return where a subscription's digest comes."""
    if subscription.channel.startswith("D"):
        return "In our direct messages"
    name = services.access.room_name(user_id, subscription.channel)
    return f"In #{normalise(name, limit=_NAME)}" if name else "In a channel that one of us has left"


def _name_other(services: Services, user_id: str, subscription: Subscription) -> str:
    """Return whose a subscription is and where its digest comes; a room that one is not in is not named."""
    who = normalise(services.access.name_of(subscription.created_by), limit=_NAME) or subscription.created_by
    if subscription.channel.startswith("D"):
        return f"{who}, in direct messages"
    name = services.access.room_name(user_id, subscription.channel)
    return f"{who}, in #{normalise(name, limit=_NAME)}" if name else f"{who}, in a channel that you or I are not in"


def territories(services: Services, viewer: Viewer) -> tuple[str, ...]:
    """Return the territories of the accounts that somebody may see."""
    try:
        with services.snapshots.lease() as snapshot:
            books = snapshot.books()
    except NoSnapshotError:
        return ()
    return tuple(sorted({book.region for book in books if book.region and viewer.may_see(book)}))


def _find_obstacle_here(services: Services, room: Room) -> str:
    visit = services.access.visit(room.user_id, room.channel)
    if visit.refusal:
        return visit.refusal
    if not services.access.is_member(room.user_id, room.channel):
        return "I post only where both of us are; /invite @precall there first."
    return f"I cannot post there, because {visit.audience.reserve}." if visit.audience.reserve else ""
