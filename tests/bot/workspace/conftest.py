from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from slack_sdk import WebClient

from bot.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slack(clock: Clock) -> Iterator[Workspace]:
    with Workspace.running(clock=clock, share_delay_seconds=None) as workspace:
        yield workspace


@pytest.fixture
def dana(slack: Workspace) -> str:
    return slack.add_person("dana", email="dana@example.com")


@pytest.fixture
def sales(slack: Workspace, dana: str) -> str:
    return slack.add_channel("sales", members=[dana])


@pytest.fixture
def client(slack: Workspace) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
