"""Passages -> a searchable library on disk: BM25 over stemmed words, reordered by meaning where there is a model.

On disk an index is a numbered folder that never changes once it has its name, and ``CURRENT`` beside it holds the
newest name. A reader therefore sees the old index or the new one, never half of one.
"""

import copy
import hashlib
import json
import math
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer
from bm25s.stopwords import STOPWORDS_EN_PLUS

from kb.documents import KINDS, Document, HiddenText, UnreadableDocument
from kb.embedding import Embedder, Vector, Vectors, content_hash
from kb.errors import LibraryBrokenError, LibraryNotFoundError, PassageNotFoundError
from kb.passages import Passage

RRF_K: Final = 60
FORMAT: Final = 6  # raise it when the files of an index change

_STOP_WORDS: Final = frozenset(STOPWORDS_EN_PLUS)
_FUSION_DEPTH = 1_000  # how far down each ranking the fusion looks
# The share of a question's weight that a passage must hold to answer it, in one word, in two, in three or more. One
# rare word in common is chance more often than not. Chosen on the questions "before" of tests/kb/questions.toml.
_ENOUGH: Final = (0.9, 0.6, 0.3)
_ANSWER_DEPTH = 15  # how far below the best an answer is looked for
_OPEN_ATTEMPTS = 5
_KEEP = 2  # the newest, and the one before for whoever is just opening it
_NAME = re.compile(r"index-(\d{6})")
# Chinese and Japanese part no words; Korean does, but glues its particles to them.
_UNPARTED = r"\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"(?P<unparted>[{_UNPARTED}]+)|[^\W{_UNPARTED}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage and how well it answers; scores compare only within one search."""

    passage: Passage
    score: float


class Library:
    """The passages of one built index, opened for reading; goes on working while a newer one is built."""

    def __init__(self, folder: Path, name: str, *, embedder: Embedder | None = None) -> None:
        """Open the index called ``name``; use `Library.open` for the newest."""
        self._folder, self._name = folder, name
        home = folder / name
        manifest = json.loads((home / "manifest.json").read_text(encoding="utf-8"))
        self.version: str = manifest["version"]
        self.documents: tuple[Document, ...] = tuple(
            Document(**_with_hidden(document) | {"modified": datetime.fromisoformat(document["modified"])})
            for document in manifest["documents"]
        )
        self.problems: tuple[UnreadableDocument, ...] = tuple(
            UnreadableDocument(**_with_hidden(each)) for each in manifest["problems"]
        )
        self.engines: str = manifest["engines"]
        lines = (home / "passages.jsonl").read_text(encoding="utf-8").split("\n")
        self.passages = tuple(Passage(**json.loads(line)) for line in lines if line)
        self._by_id = {passage.passage_id: passage for passage in self.passages}
        repeated = set(manifest["repeats"])
        self._passages = tuple(passage for passage in self.passages if passage.passage_id not in repeated)
        self._places = {passage.passage_id: place for place, passage in enumerate(self._passages)}
        self._kinds = np.array([passage.kind for passage in self._passages])
        self._packs = np.array([passage.pack for passage in self._passages])
        self._visible = np.ones(len(self._passages), dtype=np.bool_)
        self._bm25 = bm25s.BM25.load(home / "bm25", mmap=True, allow_pickle=False) if manifest["searchable"] else None
        self.model: str = manifest["model"]
        self._vectors = np.load(home / "vectors.npy", mmap_mode="r") if self.model and manifest["searchable"] else None
        self._embedder = embedder if embedder is not None and embedder.version == self.model else None
        if len(self.passages) != manifest["passages"]:
            raise LibraryBrokenError(folder)

    @classmethod
    def open(cls, folder: Path, *, embedder: Embedder | None = None) -> "Library":
        """Open the newest index in ``folder``; where this model's vectors are in it, hits are ranked by meaning, too.

        Raises:
            LibraryNotFoundError: Nothing was built there yet.
            LibraryBrokenError: The files do not fit together.
        """
        for _ in range(_OPEN_ATTEMPTS):
            name = _current(folder)
            if name is None:
                raise LibraryNotFoundError(folder)
            try:
                return cls(folder, name, embedder=embedder)
            except FileNotFoundError as error:
                if _current(folder) == name:  # else it was replaced twice while we opened it: take the newer one
                    raise LibraryBrokenError(folder) from error
            except (ValueError, KeyError, TypeError, EOFError) as error:
                raise LibraryBrokenError(folder) from error
        raise LibraryBrokenError(folder)

    @property
    def ranks_by_meaning(self) -> bool:
        """Whether a model was given at the opening that is the one whose vectors are in the index."""
        return self._embedder is not None

    def for_pack(self, pack: str) -> "Library":
        """Return the library as whoever works with this pack may search it: what serves every one, and its own demo."""
        view = copy.copy(self)
        view._visible = np.isin(self._packs, ["", pack])  # noqa: SLF001 - of the same class
        return view

    def vectors(self) -> dict[str, Vector]:
        """Return the vectors of the passages that are searched, by the `content_hash` of what is indexed of them."""
        if self._vectors is None:
            return {}
        texts = map(indexed_text, self._passages)
        return {content_hash(text): vector for text, vector in zip(texts, self._vectors, strict=True)}

    def is_current(self) -> bool:
        """Return whether no index with other content was built since this one was opened."""
        name = _current(self._folder)
        if name is None or name == self._name:
            return True
        try:
            manifest = json.loads((self._folder / name / "manifest.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        return bool(manifest["version"] == self.version)

    def passage(self, passage_id: str) -> Passage:
        """Return the passage with this id or raise `PassageNotFoundError`."""
        try:
            return self._by_id[passage_id]
        except KeyError as error:
            raise PassageNotFoundError(passage_id) from error

    def search(self, query: str, *, limit: int = 5, kinds: Collection[str] | None = None) -> tuple[Hit, ...]:
        """Return the best passages of these kinds, best first; a query none of whose words occurs returns none.

        A model reorders what the words found and adds nothing to it. Measured by ``bench/retrieval.py``.
        """
        if self._bm25 is None:
            return ()
        terms = {term for term in stem(query) if term in self._bm25.vocab_dict}
        if not terms:
            return ()
        scores = self._bm25.get_scores(sorted(terms))
        among = self._visible if kinds is None else self._visible & np.isin(self._kinds, list(kinds))
        scores = np.where(among, scores, 0.0)
        places = np.argsort(-scores, kind="stable")[: max(limit, _FUSION_DEPTH)]
        places = places[scores[places] > 0]
        scores = scores[places]
        if self._embedder is not None and self._vectors is not None:
            alike = self._vectors[places] @ self._embedder.embed_query(query)
            order, scores = _fuse_with_meaning(alike)
            places = places[order]
        ranked = zip(places[:limit], scores[:limit], strict=True)
        return tuple(Hit(passage=self._passages[place], score=float(score)) for place, score in ranked)

    def answers(self, question: str, *, limit: int = 5, kinds: Collection[str] | None = None) -> tuple[Hit, ...]:
        """Return the best passages that can answer a question, best first; none where no document has the answer.

        A word of the question weighs its inverse document frequency, a word that no passage holds the most. A passage
        can answer when it holds enough of that weight: see `_ENOUGH`. Measured by ``bench/retrieval.py``.
        """
        holding = {term: self._holding(term) for term in set(stem(question))}
        weights = {term: self._weight(len(places)) for term, places in holding.items()}
        total = sum(weights.values())

        def can_answer(hit: Hit) -> bool:
            place = self._places[hit.passage.passage_id]
            held = [weights[term] for term, places in holding.items() if place in places]
            return sum(held) >= _ENOUGH[min(len(held), len(_ENOUGH)) - 1] * total  # a hit holds one at least

        hits = self.search(question, limit=limit + _ANSWER_DEPTH, kinds=kinds)
        return tuple(hit for hit in hits if can_answer(hit))[:limit]

    def _holding(self, term: str) -> npt.NDArray[np.integer[Any]]:
        """Return the places of the passages that hold a word."""
        if self._bm25 is None or term not in self._bm25.vocab_dict:
            return np.empty(0, dtype=np.int64)
        column = self._bm25.vocab_dict[term]
        first, after = self._bm25.scores["indptr"][column : column + 2]
        places = self._bm25.scores["indices"][first:after]
        visible: npt.NDArray[np.integer[Any]] = places[self._visible[places]]
        return visible

    def _weight(self, holding: int) -> float:
        """Return how much a word tells that so many passages hold: BM25's inverse document frequency."""
        passages = int(np.count_nonzero(self._visible))
        return math.log(1 + (passages - holding + 0.5) / (holding + 0.5))

    def search_many(
        self, queries: Sequence[str], *, limit: int = 8, at_least_one_of_each_kind: bool = False
    ) -> tuple[Hit, ...]:
        """Return the passages that rank high over all queries, best first.

        Rankings are fused by reciprocal rank, the sum of 1 / (60 + rank): Cormack, Clarke & Buettcher (2009),
        "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", SIGIR '09.

        With ``at_least_one_of_each_kind`` the weakest passages of kinds that have several make room for the best
        passage of each kind that has none; a kind without any hit stays out.
        """
        hits = self._fuse(queries, kinds=None)[:limit]
        if at_least_one_of_each_kind:
            for kind in KINDS:
                if any(hit.passage.kind == kind for hit in hits):
                    continue
                missing = self._fuse(queries, kinds=(kind,))[:1]
                if missing and len(hits) < limit:
                    hits += missing
                elif missing and (spare := _weakest_of_several(hits)) is not None:
                    hits = [hit for hit in hits if hit is not spare] + missing
        return tuple(sorted(hits, key=lambda hit: -hit.score))

    def _fuse(self, queries: Iterable[str], *, kinds: Collection[str] | None) -> list[Hit]:
        scores: dict[str, float] = {}
        for query in queries:
            for rank, hit in enumerate(self.search(query, limit=_FUSION_DEPTH, kinds=kinds), start=1):
                passage_id = hit.passage.passage_id
                scores[passage_id] = scores.get(passage_id, 0.0) + 1 / (RRF_K + rank)
        ranked = sorted(scores, key=lambda passage_id: -scores[passage_id])
        return [Hit(passage=self._by_id[passage_id], score=scores[passage_id]) for passage_id in ranked]


def _fuse_with_meaning(
    alike: npt.NDArray[np.floating[Any]],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.floating[Any]]]:
    """Return the order of hits, and their scores in it; they come best by words first, with how like the query each is.

    The ranks by words and by meaning are fused as those of several queries are: see `Library.search_many`.
    """
    by_meaning = np.argsort(np.argsort(-alike, kind="stable"))
    fused = 1 / (RRF_K + 1 + np.arange(len(alike))) + 1 / (RRF_K + 1 + by_meaning)
    order = np.argsort(-fused, kind="stable")
    return order, fused[order]


def _with_hidden(described: dict[str, Any]) -> dict[str, Any]:
    return described | {"hidden": tuple(HiddenText(**each) for each in described["hidden"])}


def _weakest_of_several(hits: list[Hit]) -> Hit | None:
    kinds = [hit.passage.kind for hit in hits]
    return min((hit for hit in hits if kinds.count(hit.passage.kind) > 1), key=lambda hit: hit.score, default=None)


def indexed_text(passage: Passage) -> str:
    """Return what of a passage is searched: its title and heading, too."""
    return f"{passage.document} {passage.section}\n{passage.text}"


def stem(text: str) -> list[str]:
    """Return the text's words as they are indexed: lower case, no stop words, stemmed.

    Of a script that does not part words every two characters that follow each other count as one.
    """
    words: list[str] = []
    for match in _WORD.finditer(text.casefold()):
        word = match.group()
        if match["unparted"]:
            words += [word[place : place + 2] for place in range(max(len(word) - 1, 1))]
        elif word not in _STOP_WORDS:
            words.append(word)
    stems: list[str] = Stemmer.Stemmer("english").stemWords(words)
    return stems


def write_index(
    folder: Path,
    *,
    passages: Sequence[Passage],
    documents: Sequence[Document],
    problems: Sequence[UnreadableDocument],
    repeats: Mapping[str, str] | None = None,
    engines: str = "",
    vectors: Vectors | None = None,
) -> str:
    """Write an index aside, make it the current one in a single step, and return its version.

    Passages in ``repeats`` are kept, for whoever cites them, and not searched. ``engines`` says what read
    the documents. ``vectors`` holds the indexed text of each passage that is searched.
    """
    repeats = repeats or {}
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="building-", dir=folder))
    try:
        lines = [json.dumps(asdict(passage), ensure_ascii=False, sort_keys=True) + "\n" for passage in passages]
        (aside / "passages.jsonl").write_text("".join(lines), encoding="utf-8")
        searched = [passage for passage in passages if passage.passage_id not in repeats]
        terms = [stem(indexed_text(passage)) for passage in searched]
        searchable = any(terms)
        if searchable:
            bm25 = bm25s.BM25(method="lucene")
            bm25.index(terms, show_progress=False)
            bm25.save(aside / "bm25", allow_pickle=False, show_progress=False)
        if searchable and vectors is not None:
            of_passages = [vectors.of[content_hash(indexed_text(passage))] for passage in searched]
            np.save(aside / "vectors.npy", np.array(of_passages, dtype=np.float32))
        model = "" if vectors is None else vectors.model
        version = _version(lines, documents, problems, model)
        manifest = {
            "format": FORMAT,
            "version": version,
            "searchable": searchable,
            "passages": len(passages),
            "documents": [{**asdict(document), "modified": document.modified.isoformat()} for document in documents],
            "problems": [asdict(problem) for problem in problems],
            "repeats": repeats,
            "engines": engines,
            "model": model,
        }
        (aside / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        _publish(folder, aside)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return version


def _version(
    lines: list[str], documents: Sequence[Document], problems: Sequence[UnreadableDocument], model: str
) -> str:
    """Hash what can be found and cited, and how it is ranked, not when its files were touched."""
    content: list[Any] = [
        FORMAT,
        lines,
        [(each.file, each.sha256) for each in documents],
        [asdict(p) for p in problems],
        model,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _publish(folder: Path, aside: Path) -> None:
    while True:
        newest = max((int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))), default=0)
        target = folder / f"index-{newest + 1:06d}"
        try:
            aside.rename(target)
            break
        except OSError:
            if not target.exists():  # otherwise another build took this number first
                raise
    pointer = folder / f"CURRENT.{target.name}"
    pointer.write_text(target.name, encoding="utf-8")
    pointer.replace(folder / "CURRENT")
    for old in sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))[:-_KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def _current(folder: Path) -> str | None:
    try:
        name = (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return name if _NAME.fullmatch(name) else None
