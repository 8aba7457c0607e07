"""Whoever runs the builds hears in Slack what their accounts are fit for, and why nothing came of a build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from bot.blocks import readiness_message, sentence_message
from bot.client import make_client
from bot.config import BotConfig
from bot.errors import explain
from bot.room import post

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.blocks import Message
    from pipeline.errors import PipelineError
    from pipeline.readiness import Readiness
    from storage.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """The channel or person named by PRECALL_ADMIN_CHANNEL; where there is none (``config`` is None) nobody is told.

    A build goes on when Slack does not take a report; ``warn`` is then told so in a sentence.
    """

    config: BotConfig | None
    warn: Callable[[str], None]

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, warn: Callable[[str], None]) -> Self:
        """Read the settings; raises ConfigError where an admin is to be told and Slack cannot be reached."""
        return cls(config=BotConfig.from_env(env) if env.get("PRECALL_ADMIN_CHANNEL", "").strip() else None, warn=warn)

    def tell_readiness(self, readiness: Readiness) -> None:
        """Post what a table of accounts is fit for."""
        self._tell(readiness_message(readiness))

    def tell_stopped(self, error: PipelineError | StorageError) -> None:
        """Post why a build published nothing."""
        self._tell(sentence_message(f"Nothing was built. {error}"))

    def _tell(self, message: Message) -> None:
        if self.config is None or self.config.admin_channel is None:
            return
        try:
            post(make_client(self.config), message, channel=self.config.admin_channel)
        except (SlackApiError, URLError, OSError) as error:
            self.warn(f"The admin was not told: {explain(error)}")
