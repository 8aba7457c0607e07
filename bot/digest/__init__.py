"""Who is due a digest, what is in it, and posting it exactly once."""

from bot.digest.content import Digest, find_open, make_digest
from bot.digest.posting import Outcome, channel_subscriptions, post_digest, post_due_digests
from bot.digest.schedule import WORKING_DAYS, due

__all__ = [
    "WORKING_DAYS",
    "Digest",
    "Outcome",
    "channel_subscriptions",
    "due",
    "find_open",
    "make_digest",
    "post_digest",
    "post_due_digests",
]
