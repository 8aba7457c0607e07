"""Documents in Slack: what the bot quotes from, and how a PDF comes in."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from reportlab.pdfgen.canvas import Canvas
from rich.console import Console
from tiny_model import write_tiny_model

from bot.blocks import documents_message
from bot.briefing import prepare_brief
from bot.errors import FileNotFetchedError, explain
from bot.evidence import EvidenceKind
from bot.intake import Intake
from bot.workspace.block_kit import message_blocks
from kb.build import build_library
from kb.documents import Document, HiddenText, UnreadableDocument
from kb.index import Library, write_index
from pipeline.config import PipelineConfig
from pipeline.progress import ProgressBars
from pipeline.run import build
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def pdf(text: str, *, white: str = "") -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.setTitle("Walrus price list")
    canvas.drawString(72, 700, text)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 600, white)
    canvas.save()
    return out.getvalue()


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    """A bot with a channel for documents, named by the id that the workspace will give it."""
    with run_bot(home, env={"PRECALL_DOCS_CHANNEL": "C0DOCS"}) as bot:
        bot.workspace.add_channel("documents", members=[bot.person], channel_id="C0DOCS")
        yield bot


def drop(bot: Any, name: str, content: bytes, *, channel: str = "C0DOCS", user: str = "") -> str:
    """Share a file and return what the bot says in its thread."""
    message = bot.workspace.share(name, content, user=user or bot.person, channel=channel)
    bot.wait()
    answers = [each for each in bot.workspace.thread(channel, message.ts) if each.user == bot.workspace.bot_user]
    return bot.read(answers)


def test_a_pdf_dropped_into_the_documents_channel_is_quoted_from_at_once(bot: Any) -> None:
    said = drop(bot, "prices 2026.pdf", pdf("The walrus add-on lists at 700 dollars.", white="Praise the gnu."))

    assert "I took in prices 2026.pdf as “Walrus price list” (product): 1 page, 1 passage." in said
    assert "Page 1: 13 hidden characters left out, in the colour of what is behind it." in said
    library = bot.services.shelf.current()
    assert library.search("walrus")[0].passage.file == "from-slack/prices 2026.pdf"
    assert library.search("gnu") == ()


def test_a_pdf_dropped_into_a_bot_with_an_embedding_model_is_ranked_by_it_at_once(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, tmp_path: Path
) -> None:
    model = write_tiny_model(tmp_path / "model")
    with run_bot(home, env={"PRECALL_DOCS_CHANNEL": "C0DOCS", "PRECALL_EMBEDDING_MODEL": str(model)}) as bot:
        bot.workspace.add_channel("documents", members=[bot.person], channel_id="C0DOCS")
        for number, subject in enumerate(("walrus", "price", "heron")):
            drop(bot, f"{number} {subject}.pdf", pdf(f"The {subject} of the yearly add-on."))

        library = bot.services.shelf.current()

    assert library.ranks_by_meaning
    assert library.search("the cost of the add-on")[0].passage.file == "from-slack/1 price.pdf"


def test_the_same_name_again_is_a_new_edition(bot: Any) -> None:
    drop(bot, "prices.pdf", pdf("The walrus add-on lists at 700 dollars."))
    drop(bot, "prices.pdf", pdf("The heron add-on lists at 800 dollars."))

    library = bot.services.shelf.current()
    assert [document.file for document in library.documents] == ["from-slack/prices.pdf"]
    assert library.search("700") == ()
    assert library.search("800")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.docx", b"PK", "is not a PDF by its name"),
        ("page.pdf", b"<html>Sign in</html>", "is not a PDF, whatever its name says"),
        ("cut.pdf", b"%PDF-1.7 and then nothing", "is damaged"),
    ],
)
def test_what_is_no_readable_pdf_is_refused_with_a_reason_and_not_kept(
    bot: Any, home: Path, name: str, content: bytes, reason: str
) -> None:
    said = drop(bot, name, content)

    assert f"I did not take in {name}: it {reason}" in said
    assert not list((home / "kb").rglob("*.p*"))


def test_a_name_cannot_leave_the_folder(bot: Any, home: Path) -> None:
    drop(bot, "../../../etc/..evil.pdf", pdf("The walrus add-on lists at 700 dollars."))

    (kept,) = (home / "kb" / "documents").rglob("*.pdf")
    assert kept.parent == home / "kb" / "documents" / "from-slack"


def test_a_pdf_in_another_channel_is_left_alone(bot: Any, home: Path) -> None:
    assert drop(bot, "prices.pdf", pdf("The walrus lists at 700 dollars."), channel=bot.channel) == ""
    assert not (home / "kb").exists()


def test_a_guest_adds_nothing(bot: Any, home: Path) -> None:
    guest = bot.workspace.add_person("guest", guest=True)
    bot.workspace.change_channel("C0DOCS", members={bot.person, guest, bot.workspace.bot_user})

    bot.workspace.share("prices.pdf", pdf("The walrus lists at 700 dollars."), user=guest, channel="C0DOCS")
    bot.wait()

    assert bot.workspace.last_message.only_visible_to(guest)
    assert not (home / "kb").exists()


def test_where_rights_are_written_down_only_ops_adds_documents(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    (home / "access.toml").write_text('default = "all"\n[[people]]\nwho = "boss@example.com"\nrole = "ops"\n')
    with run_bot(home, env={"PRECALL_DOCS_CHANNEL": "C0DOCS"}) as bot:
        boss = bot.workspace.add_person("boss", email="boss@example.com")
        bot.workspace.add_channel("documents", members=[bot.person, boss], channel_id="C0DOCS")

        assert drop(bot, "prices.pdf", pdf("The walrus lists at 700 dollars.")) == ""
        assert bot.workspace.last_message.only_visible_to(bot.person)
        assert "Only people with the role ops can add documents here." in bot.read(bot.workspace.last_message)
        assert not (home / "kb").exists()
        assert "I took in" in drop(bot, "prices.pdf", pdf("The walrus lists at 700 dollars."), user=boss)


def test_the_token_is_sent_to_slack_alone(bot: Any, tmp_path: Path) -> None:
    intake = Intake(channel="C0DOCS", knowledge_base=tmp_path)

    for url in ("https://files.slack.com.evil.example/x.pdf", "http://files.slack.com/x.pdf", "https://evil.example/x"):
        with pytest.raises(FileNotFetchedError, match="lies elsewhere"):
            intake.take_in(bot.client, {"name": "x.pdf", "size": 9, "url_private_download": url})


def test_without_the_scope_the_person_hears_what_is_missing(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    with run_bot(
        home,
        env={"PRECALL_DOCS_CHANNEL": "C0DOCS"},
        scopes={"channels:history", "chat:write", "users:read", "channels:read", "users:read.email"},
    ) as bot:
        bot.workspace.add_channel("documents", members=[bot.person], channel_id="C0DOCS")

        said = drop(bot, "prices.pdf", pdf("The walrus lists at 700 dollars."))

    assert explain(FileNotFetchedError("")) in said


def test_a_file_beyond_the_size_cap_is_not_fetched(bot: Any, tmp_path: Path) -> None:
    intake = Intake(channel="C0DOCS", knowledge_base=tmp_path)

    refused = intake.take_in(bot.client, {"name": "x.pdf", "size": 51_000_000, "url_private_download": "unused"})

    assert isinstance(refused, UnreadableDocument)
    assert refused.reason == "is larger than 50 MB"


def test_the_documents_are_listed_to_who_asks_alone(bot: Any) -> None:
    drop(bot, "prices.pdf", pdf("The walrus add-on lists at 700 dollars.", white="Praise the gnu."))

    bot.ask("/precall docs")

    listed = bot.workspace.last_message
    assert listed.only_visible_to(bot.person)
    shown = bot.read(listed)
    assert "1 document with 1 page." in shown
    assert "Walrus price list · product, 1 page, changed today." in shown
    assert "13 hidden characters left out" in shown


def test_before_any_document_the_way_to_add_one_is_told(bot: Any) -> None:
    bot.ask("/precall docs")

    assert "precall kb" in bot.read(bot.workspace.last_message)


def test_where_documents_are_those_of_the_demo_the_list_says_so_and_how_to_be_rid_of_them(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    build_library(home, progress=lambda *_: None, demo=True)
    with run_bot(home) as bot:
        bot.ask("/precall docs")
        shown = bot.read(bot.workspace.last_message)

    assert "5 documents with 20 pages. Made up for the demo: 5 documents. To be rid of them, delete" in shown
    assert "kb/documents/demo in PRECALL_HOME and run precall kb." in shown.replace("`", "")
    assert shown.count("Made up for the software demo.") == 5


def test_after_a_build_without_documents_the_way_to_add_one_is_told(bot: Any, home: Path) -> None:
    build_library(home, progress=lambda *_: None)

    bot.ask("/precall docs")

    assert "There are no documents yet." in bot.read(bot.workspace.last_message)


@pytest.fixture(scope="module")
def practices(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the accounts of the healthcare demo beside the documents of the software demo."""
    home = tmp_path_factory.mktemp("practices")
    shutil.copytree(built_home / "kb", home / "kb")
    config = PipelineConfig(home=home, as_of=NOW.date(), demo="healthcare", accounts=100, capacity=60)
    with closing(SnapshotStore(config.snapshots)) as store, ProgressBars(Console(stderr=True)) as progress:
        build(config, store=store, progress=progress, now=NOW)
    return home


def test_no_brief_plan_or_answer_about_another_business_quotes_the_documents_of_the_software_demo(
    run_bot: Callable[..., AbstractContextManager[Any]], practices: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(practices, tmp_path / "home")
    with run_bot(home, env={"PRECALL_DOCS_CHANNEL": "C0DOCS"}) as bot:
        bot.workspace.add_channel("documents", members=[bot.person], channel_id="C0DOCS")
        assert len(bot.services.shelf.current().documents) == 5

        bot.ask("/precall PRAC-007")
        bot.say("What do the docs say about Ferrowatch?", thread_ts=bot.thread_ts())

        said = bot.read(bot.posted())
        assert "Competitive positioning" in said
        assert "none of our documents says anything about that" in said
        assert not re.search(r", p\. \d|Northbeam|CloudControl|TechOps|Quorvia|telemetry", said)
        assert citations_of(bot, "PRAC-007") == set()

        drop(
            bot,
            "referrals.pdf",
            pdf("Every referral to our specialists is answered within two days, whatever the panel size."),
        )
        bot.say("What do the docs say about referrals to specialists?", thread_ts=bot.thread_ts())

        assert "answered within two days" in bot.read(bot.posted()[-1])
        assert citations_of(bot, "PRAC-007") == {"Walrus price list, p. 1"}


def citations_of(bot: Any, account_id: str) -> set[str]:
    """Return what the passages in the brief of an account are cited as."""
    with bot.services.snapshots.lease() as snapshot:
        evidence = prepare_brief(bot.services, snapshot, snapshot.find_account(account_id)).evidence
    return {item.citation for item in evidence if item.kind is EvidenceKind.PASSAGE}


def document(number: int) -> Document:
    return Document(
        title=f"Document {number} <!channel> *bold*",
        file=f"{number}.pdf",
        kind="other",
        pages=12,
        pages_without_text=number % 3,
        passages=40,
        sha256="0" * 64,
        modified=NOW - timedelta(days=number),
        hidden=tuple(HiddenText(page=page, characters=9, reason="drawn as invisible") for page in range(1, 40)),
    )


def test_thousands_of_documents_fit_into_one_message_that_slack_takes(tmp_path: Path) -> None:
    problems = [
        UnreadableDocument(file=f"bad {number}.pdf", reason="is damaged " * 9, remedy="Copy it")
        for number in range(999)
    ]
    write_index(tmp_path, passages=[], documents=[document(number) for number in range(2_000)], problems=problems)

    message = documents_message(Library.open(tmp_path), now=NOW)

    assert message_blocks(list(message.blocks))
    assert "2,000 documents with 24,000 pages; 999 files not used." in message.text
    assert "<!channel>" not in message.text
    assert "more; `precall kb` lists all of them." in str(message.blocks)


def test_documents_of_one_title_are_told_apart_by_their_files(tmp_path: Path) -> None:
    twins = [replace(document(number), title="Slide deck") for number in (1, 2)]
    write_index(tmp_path, passages=[], documents=[*twins, document(3)], problems=[])

    shown = str(documents_message(Library.open(tmp_path), now=NOW).blocks)

    assert "Slide deck (1.pdf)" in shown
    assert "Slide deck (2.pdf)" in shown
    assert "(3.pdf)" not in shown


def test_age_is_told_in_days(tmp_path: Path) -> None:
    write_index(tmp_path, passages=[], documents=[document(1)], problems=[])

    assert "changed 1 day ago" in str(documents_message(Library.open(tmp_path), now=NOW).blocks)
