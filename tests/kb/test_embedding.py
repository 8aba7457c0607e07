"""A model in a folder, and a library that is ranked by it, too."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_model import MEANINGS, write_tiny_model

from kb.build import build
from kb.embedding import Embedder
from kb.errors import EmbeddingModelError
from kb.index import Hit, Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakePdf = Callable[..., bytes]

TEXTS = {
    "a.pdf": "The walrus plan in general has a yearly review that the deal desk sets.",
    "b.pdf": "The course plan in general has a yearly price that the deal desk sets.",
    "c.pdf": "The walrus plan in general has a yearly price that the deal desk sets.",
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def embedder(model: Path) -> Embedder:
    return Embedder(model)


@pytest.fixture
def documents(tmp_path: Path, make_pdf: MakePdf) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for file, text in TEXTS.items():
        (folder / file).write_bytes(make_pdf(text, title="Plans"))
    return folder


def rebuild(documents: Path, embedder: Embedder | None) -> list[tuple[str, int, int]]:
    """Build the index and return the steps that were told."""
    steps: list[tuple[str, int, int]] = []
    build(documents, documents.with_name("index"), progress=lambda *step: steps.append(step), embedder=embedder)
    return steps


def files(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.passage.file for hit in hits]


def open_library(documents: Path, embedder: Embedder | None = None) -> Library:
    return Library.open(documents.with_name("index"), embedder=embedder)


def test_words_that_mean_alike_are_alike_and_length_and_padding_do_not_count(embedder: Embedder) -> None:
    alone = next(embedder.embed_passages(["price"]))
    beside_a_longer_one, longer = embedder.embed_passages(["price", "walrus walrus walrus heron"])

    assert alone == pytest.approx(beside_a_longer_one)
    assert alone @ embedder.embed_query("COST") == pytest.approx(1)
    assert alone @ longer == pytest.approx(0)
    assert np.linalg.norm(longer) == pytest.approx(1)


def test_pooling_is_as_the_folder_says(tmp_path: Path) -> None:
    by_first = Embedder(write_tiny_model(tmp_path, pooling="cls"))

    assert by_first.embed_query("walrus price") @ by_first.embed_query("walrus heron") == pytest.approx(1)


def test_the_folders_prompts_are_put_before_queries_and_passages(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path, file="model.onnx", pooling="cls")
    prompts = {"prompts": {"query": "walrus ", "document": "heron "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))

    embedder = Embedder(folder)

    assert embedder.embed_query("price") @ next(embedder.embed_passages(["price"])) == pytest.approx(0)


def test_among_what_the_words_find_the_meaning_decides_and_nothing_else_is_found(
    documents: Path, embedder: Embedder
) -> None:
    rebuild(documents, embedder)
    by_words, by_both = open_library(documents), open_library(documents, embedder)
    question = "general yearly charge"

    assert files(by_words.search(question)) == ["a.pdf", "b.pdf", "c.pdf"]
    assert files(by_both.search(question)) == ["b.pdf", "a.pdf", "c.pdf"]
    assert files(by_both.search_many([question, "general cost"]))[0] == "b.pdf"
    assert by_both.search("cost charge") == ()


def test_a_question_without_an_answer_has_none_with_a_model_either(documents: Path, embedder: Embedder) -> None:
    rebuild(documents, embedder)
    library = open_library(documents, embedder)

    assert files(library.answers("Which yearly price has the course plan?"))[0] == "b.pdf"
    assert library.answers("Who chairs the board, and at what price?") == ()


def test_only_new_texts_are_embedded_and_a_document_that_is_gone_leaves_no_vector(
    documents: Path, embedder: Embedder, make_pdf: MakePdf
) -> None:
    assert ("Embed passages", 3, 3) in rebuild(documents, embedder)
    assert all(stage != "Embed passages" for stage, *_ in rebuild(documents, embedder))

    (documents / "d.pdf").write_bytes(make_pdf("The heron plan is new.", title="Plans"))
    (documents / "a.pdf").unlink()

    assert [step for step in rebuild(documents, embedder) if step[0] == "Embed passages"][-1] == (
        "Embed passages",
        1,
        1,
    )
    library = open_library(documents, embedder)
    assert {hit.passage.file for hit in library.search("plan")} == {"b.pdf", "c.pdf", "d.pdf"}
    assert len(library.vectors()) == 3


def test_vectors_are_bound_to_their_model(documents: Path, embedder: Embedder, tmp_path: Path) -> None:
    rebuild(documents, embedder)
    with_the_first = open_library(documents, embedder)
    other = Embedder(write_tiny_model(tmp_path / "other", meanings=MEANINGS[:2]))
    assert other.version != embedder.version

    assert not open_library(documents, other).ranks_by_meaning
    assert ("Embed passages", 3, 3) in rebuild(documents, other)

    assert open_library(documents, other).ranks_by_meaning
    assert not with_the_first.is_current()
    assert not open_library(documents, embedder).ranks_by_meaning
    rebuild(documents, None)
    assert open_library(documents).vectors() == {}


def test_a_folder_without_a_readable_word_has_an_index_without_vectors(tmp_path: Path, embedder: Embedder) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    rebuild(documents, embedder)

    assert open_library(documents, embedder).search("anything") == ()


@pytest.mark.parametrize(
    ("file", "contents", "fault"),
    [
        ("tokenizer.json", None, "has no tokenizer.json"),
        ("onnx/model.onnx", None, "has neither onnx/model.onnx nor model.onnx"),
        ("onnx/model.onnx", b"no protocol buffer", r"cannot be loaded \(InvalidProtobuf\)"),
        ("tokenizer.json", b"{}", r"cannot be loaded \(Exception\)"),
        (
            "modules.json",
            b'[{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]',
            "not in its ONNX file: Dense",
        ),
        ("1_Pooling/config.json", b'{"pooling_mode_lasttoken": true}', "pools by pooling_mode_lasttoken"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, file: str, contents: bytes | None, fault: str) -> None:
    folder = write_tiny_model(tmp_path)
    (folder / file).unlink()
    if contents is not None:
        (folder / file).write_bytes(contents)

    with pytest.raises(EmbeddingModelError, match=rf"cannot be used: it .*{fault}"):
        Embedder(folder)


def test_without_the_extra_the_sentence_names_it(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(EmbeddingModelError, match="needs onnxruntime and tokenizers, the extra `dense` of precall"):
        Embedder(model)
