from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_model import write_tiny_model

from bot.config import BotConfig
from bot.errors import HomeUnusableError
from bot.services import Shelf, open_services
from kb.embedding import Embedder
from kb.index import write_index
from kb.passages import Passage

if TYPE_CHECKING:
    from pathlib import Path


def build(folder: Path, text: str) -> None:
    passage = Passage(
        passage_id="p1", document="Guide", file="guide.pdf", kind="product", page=1, section="Start", text=text
    )
    write_index(folder, passages=[passage], documents=[], problems=[])


def test_a_newer_library_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.current() is None

    build(tmp_path, "the old price")
    first = shelf.current()
    assert first is not None
    assert shelf.current() is first

    build(tmp_path, "the new price")
    second = shelf.current()
    assert second is not None
    assert [hit.passage.text for hit in second.search("price")] == ["the new price"]


def test_while_the_newest_library_is_damaged_the_one_before_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(tmp_path)
    build(tmp_path, "the old price")
    first = shelf.current()
    build(tmp_path, "the new price")
    (tmp_path / "index-000002" / "passages.jsonl").write_text("{")

    assert shelf.current() is first
    assert "LibraryBrokenError" in caplog.text


def test_a_library_without_the_vectors_of_the_model_is_searched_by_words_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build(tmp_path / "index", "the price")

    library = Shelf(tmp_path / "index", embedder=Embedder(write_tiny_model(tmp_path / "model"))).current()

    assert library is not None
    assert library.search("price")
    assert "by words alone" in caplog.text


def test_a_home_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    config = BotConfig.from_env({"PRECALL_HOME": str(tmp_path / "home")}, slack=False)

    with pytest.raises(HomeUnusableError, match="set PRECALL_HOME"), open_services(config):
        pass
