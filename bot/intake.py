"""PDFs that somebody drops into the documents' channel: fetched from Slack, read, and taken into the knowledge base."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx2

from bot.errors import FileNotFetchedError
from bot.normalise import normalise
from kb.build import build
from kb.documents import Document, UnreadableDocument
from kb.extraction.reader import Reader
from kb.read import load_pdf, read_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk import WebClient

    from kb.embedding import Embedder

MAX_MEGABYTES: Final = 50
FOLDER: Final = "from-slack"

_TIMEOUT_SECONDS: Final = 60
_NAME_CHARACTERS: Final = 100
_SLACK_HOSTS: Final = ("slack.com", "slack-files.com")
_HTTP_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where documents come in and where they are kept; without a channel none come in."""

    channel: str | None
    knowledge_base: Path
    embedder: Embedder | None = None

    def take_in(self, client: WebClient, file: Mapping[str, Any]) -> Document | UnreadableDocument:
        """Keep a file that was shared in Slack if its text can be read, and bring the index up to date.

        A file of the same name that came in this way before is replaced; nothing else in the folder is touched.

        Raises:
            FileNotFetchedError: Slack does not hand the file out.
        """
        name = _file_name(str(file.get("name") or ""))
        if not name.casefold().endswith(".pdf"):
            return UnreadableDocument(file=name, reason="is not a PDF by its name", remedy="Export it as PDF")
        if int(file.get("size") or 0) > MAX_MEGABYTES * 1_000_000:
            return _too_large(name)
        if not file.get("url_private_download"):  # in some channels the event names a file without describing it
            file = client.files_info(file=str(file["id"]))["file"]
        pdf = _fetch(client, str(file.get("url_private_download") or ""))
        if pdf is None:
            return _too_large(name)
        return self._keep(name, pdf)

    def _keep(self, name: str, pdf: bytes) -> Document | UnreadableDocument:
        folder = self.knowledge_base / "documents" / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / name
        with NamedTemporaryFile(dir=folder, prefix=".", suffix=".part", delete=False) as new:
            new.write(pdf)
        aside = Path(new.name)
        try:
            if (refused := _cannot_be_read(aside, name)) is not None:
                return refused
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        documents, index = self.knowledge_base / "documents", self.knowledge_base / "index"
        report = build(documents, index, progress=lambda _stage, _done, _total: None, embedder=self.embedder)
        return report.of(f"{FOLDER}/{name}")


def _cannot_be_read(path: Path, name: str) -> UnreadableDocument | None:
    contents = load_pdf(path, file=name)
    if isinstance(contents, UnreadableDocument):
        return contents
    with Reader() as reader:
        read = read_pdf(contents, reader)
    return read if isinstance(read, UnreadableDocument) else None


def _file_name(name: str) -> str:
    """Return the name as one that cannot leave its folder, hide in it or say more than it should."""
    shown = re.sub(r"[^\w .()+-]+", "-", normalise(name, limit=2 * _NAME_CHARACTERS)).strip(" .-")
    stem, dot, suffix = shown.rpartition(".")
    return f"{stem[:_NAME_CHARACTERS]}{dot}{suffix[:10]}" if stem else f"{shown[:_NAME_CHARACTERS] or 'nameless'}"


def _fetch(client: WebClient, url: str) -> bytes | None:
    """Return the bytes of a file of ours in Slack, or None where there are too many of them.

    The token goes to Slack alone: never to the address of a file that lies elsewhere, nor after a redirection.
    """
    place, api = urlsplit(url), urlsplit(client.base_url)
    of_slack = place.scheme == "https" and (place.hostname or "").endswith(tuple(f".{host}" for host in _SLACK_HOSTS))
    if not of_slack and (place.scheme, place.netloc) != (api.scheme, api.netloc):
        raise FileNotFetchedError("the file lies elsewhere")
    try:
        return _download(url, token=str(client.token))
    except httpx2.HTTPError as error:
        raise FileNotFetchedError("it does not answer") from error


def _download(url: str, *, token: str) -> bytes | None:
    pdf = bytearray()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.stream("GET", url, headers=headers, follow_redirects=False, timeout=_TIMEOUT_SECONDS) as answer:
        # Whom Slack does not know it sends to its sign-in page.
        if answer.status_code != _HTTP_OK:
            raise FileNotFetchedError(f"it answered {answer.status_code}")
        for chunk in answer.iter_bytes():
            pdf += chunk
            if len(pdf) > MAX_MEGABYTES * 1_000_000:
                return None
    return bytes(pdf)


def _too_large(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        file=name, reason=f"is larger than {MAX_MEGABYTES} MB", remedy="Split it or shrink its pictures"
    )
