"""What can go wrong in the bot, and the one sentence that a person in Slack reads about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from storage.errors import NoSnapshotError, OnlyOtherVersionsError, SnapshotGoneError, StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class BotError(Exception):
    """The base of every error raised by this package."""


class ConfigError(BotError):
    """Some settings are missing or wrong; every fault is named, and no secret."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("The settings do not fit: " + "; ".join(faults) + ".")


class FaultyRightsError(BotError):
    """The file that says who may see what cannot be used; every fault is named, and no person."""

    def __init__(self, path: Path, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{path} cannot be used: {'; '.join(faults)}.")


class AccountGoneError(BotError):
    """The account that a thread is about is in no snapshot that is still there."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"The account {account_id} is not in the newest snapshot.")


class ResponseUrlError(BotError):
    """Slack did not take a private answer to a command or a button."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Slack answered {status} to a private answer; such an address works for 30 minutes.")


class FileNotFetchedError(BotError):
    """Slack did not hand out a file that somebody shared."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Slack did not hand out a file: {reason}. The bot needs the scope files:read.")


class SlackUnreachableError(BotError):
    """Slack refused the bot's token, or did not answer, when the bot started."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"Slack at {url} did not accept the bot: {reason}. Check SLACK_BOT_TOKEN and SLACK_API_URL.")


class NoSocketError(BotError):
    """Slack opened no socket for the app-level token when the bot started."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"Slack at {url} opens no socket: {reason}. Check that SLACK_APP_TOKEN has the scope connections:write"
            " and that Socket Mode is on for the app."
        )


class ManifestMissingError(BotError):
    """The workspace on this machine cannot grant what the manifest asks for."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no {path}; precall shell and precall demo run from a checkout of the project.")


class HomeUnusableError(BotError):
    """PRECALL_HOME is no folder and cannot be made one."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"{home} cannot be used as a folder; set PRECALL_HOME to one that can be written.")


class UnknownSnapshotError(BotError):
    """A snapshot was named that is not kept."""

    def __init__(self, named: str, *, kept: Sequence[str]) -> None:
        which = f"those that are: {', '.join(kept)}" if kept else "none is; run `precall build`"
        super().__init__(f"The snapshot {named!r} is not kept; {which}.")


class NothingToCompareError(BotError):
    """A snapshot has none before it."""

    def __init__(self, snapshot_id: str) -> None:
        super().__init__(f"Snapshot {snapshot_id} had none before it to compare it with; name two, or build once more.")


class UnwritableFileError(BotError):
    """A file that was asked for cannot be written."""

    def __init__(self, path: Path, reason: OSError) -> None:
        super().__init__(f"{path} cannot be written ({reason.strerror}); name another file.")


class DemoFailedError(BotError):
    """The demo's thread does not hold what it should."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"There is no plan for {account_id}; what was printed above says why.")


class NoKeyError(BotError):
    """A command needs Claude, and there is no key for it."""

    def __init__(self) -> None:
        super().__init__("ANTHROPIC_API_KEY is not set; without it no plan is written ahead, and none needs to be.")


class BatchNotReadError(BotError):
    """A batch was sent, and its plans are not all taken up yet."""

    def __init__(self, batch_id: str, reason: str) -> None:
        super().__init__(
            f"The plans of batch {batch_id} are not taken up yet: {reason}. `precall prewrite --batch {batch_id}` does"
            " it later; nothing is paid twice."
        )


class NotWrittenAheadError(BotError):
    """Claude's service did not take the requests for plans."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"No plan was written ahead: {reason}.")


class PortTakenError(BotError):
    """Nothing can listen on this address."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Cannot listen on {host}:{port}; name a free port with PORT.")


# The first that fits counts, so a class stands above its base.
_SENTENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (
        OnlyOtherVersionsError,
        "My data was built by another version of precall. Whoever runs me builds it again with precall build.",
    ),
    (NoSnapshotError, "I have no data to speak of yet. Whoever runs me builds it with precall build."),
    (SnapshotGoneError, "The data of this thread is no longer kept. Ask for a fresh brief with /precall."),
    (AccountGoneError, "What this thread is about is no longer in the data. Ask for a fresh brief with /precall."),
    (FileNotFetchedError, "Slack did not give me the file. Whoever runs me may have to grant me the scope files:read."),
    (StorageError, "I cannot read my data right now. Try again in a minute; if it stays, tell whoever runs me."),
    (
        (URLError, TimeoutError, ConnectionError),
        "I could not reach a service that I need. Try again in a minute.",
    ),
)
_UNEXPECTED = "Something went wrong on my side. Try again; if it stays, tell whoever runs me."
_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})
_CHANNEL_CLOSED = frozenset({"is_archived", "restricted_action", "restricted_action_read_only_channel"})
_REFUSED = frozenset({"invalid_auth", "not_authed", "token_revoked", "account_inactive", "missing_scope"})


def explain(error: BaseException) -> str:
    """Return what happened and what to do, for the person who asked; nothing of ``str(error)`` is in it."""
    if isinstance(error, SlackApiError):
        return _explain_slack(str(error.response.get("error", "")))
    return next((sentence for kinds, sentence in _SENTENCES if isinstance(error, kinds)), _UNEXPECTED)


def _explain_slack(code: str) -> str:
    if code in _NOT_A_MEMBER:
        return "I am not in this conversation, so I cannot post here. Invite me with /invite @precall, then ask again."
    if code in _CHANNEL_CLOSED:
        return "I am not allowed to post in this channel. Ask me in another one, or in a direct message."
    if code in _REFUSED:
        return "Slack refuses something I need. Whoever runs me must install me again with the current manifest."
    if code == "ratelimited":
        return "Slack asks me to slow down. Try again in a minute."
    return "Slack did not take my message. Try again; if it stays, tell whoever runs me."
