"""What can go wrong in the workspace: the refusals of its Web API, and what its people cannot do."""

from __future__ import annotations

from typing import Any


class WorkspaceError(Exception):
    """Base of everything this package raises."""


class SlackError(WorkspaceError):
    """A call the Web API refuses: ``{"ok": false, "error": code}`` and what else Slack says with it."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @classmethod
    def with_messages(cls, code: str, messages: list[str]) -> SlackError:
        """Return a refusal that says where the arguments are wrong, in the places Slack says it."""
        return cls(
            code, errors=messages, response_metadata={"messages": [f"[ERROR] {message}" for message in messages]}
        )


class NotConnectedError(WorkspaceError):
    """A person did something before the workspace was told where the app listens."""

    def __init__(self) -> None:
        super().__init__("The workspace does not know where the app listens; call connect(bot_url) first.")


class UnknownIdError(WorkspaceError):
    """An id names no person, channel, message or view of this workspace."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"The workspace has no {kind} {name!r}; add it before it is used.")


class NotVisibleError(WorkspaceError):
    """A person cannot use what they cannot see."""

    def __init__(self, control: str, person: str, visible: list[str]) -> None:
        seen = ", ".join(visible) or "nothing to press"
        super().__init__(f"{person} sees no {control!r} to use; what they see is: {seen}.")


class NotAllowedError(WorkspaceError):
    """A person cannot do this here; Slack's own client would not let them."""

    def __init__(self, person: str, action: str, reason: str) -> None:
        super().__init__(f"{person} cannot {action}: {reason}.")


class NeverHappenedError(WorkspaceError):
    """What was waited for did not happen in time."""

    def __init__(self, timeout_seconds: float, *, seen: str, refused: str) -> None:
        super().__init__(
            f"Nothing that was waited for happened within {timeout_seconds} s. The last messages were:\n{seen}\n"
            f"Refused calls: {refused or 'none'}."
        )
