"""What the app asks Slack for, as manifest.json says it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ManifestMissingError

MANIFEST = Path(__file__).parents[1] / "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The bot's scopes, the events that it subscribes to, and whether it has a Home tab."""

    scopes: tuple[str, ...]
    events: tuple[str, ...]
    home_tab: bool


def read_manifest(path: Path = MANIFEST) -> Grants:
    """Return what the manifest asks for.

    Raises:
        ManifestMissingError: It is not there.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestMissingError(path) from error
    return Grants(
        scopes=tuple(manifest["oauth_config"]["scopes"]["bot"]),
        events=tuple(manifest["settings"]["event_subscriptions"]["bot_events"]),
        home_tab=bool(manifest["features"]["app_home"]["home_tab_enabled"]),
    )
