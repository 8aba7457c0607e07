import json
import tomllib
from pathlib import Path

import pytest

from kb.errors import LibraryBrokenError, LibraryNotFoundError, PassageNotFoundError
from kb.index import Library, write_index
from kb.passages import Passage

QUESTIONS = Path(__file__).with_name("questions.toml")
PRODUCT, COMPETITIVE = "demo/product-capabilities.pdf", "demo/competitive-intelligence.pdf"
CASE, TRENDS, PRACTICE = (
    "demo/case-study-fintech-success.pdf",
    "demo/industry-trends-2025.pdf",
    "demo/best-practices-enterprise-deployment.pdf",
)


def passage(number: int, text: str, *, kind: str = "other") -> Passage:
    return Passage(
        passage_id=f"p{number}", document="Doc", file="doc.pdf", kind=kind, page=1, section=f"S{number}", text=text
    )


def write(folder: Path, *passages: Passage) -> str:
    return write_index(folder, passages=passages, documents=(), problems=())


@pytest.mark.parametrize(
    ("question", "file", "page"),
    [
        ("What is the median time to first value?", PRODUCT, 1),
        ("How many API requests per minute does API Plus allow?", PRODUCT, 3),
        ("Which service credit do we pay when uptime is missed at Mission Critical level?", PRODUCT, 4),
        ("How much does the Team Pass for Academy training cost?", PRODUCT, 4),
        ("Which discount may a representative give without approval by the deal desk?", PRODUCT, 5),
        ("What does the Launch Plus implementation package include?", PRODUCT, 5),
        ("How long do customers prepare for an external audit with Govern?", PRODUCT, 3),
        ("Where is CloudControl strong?", COMPETITIVE, 2),
        ("Does TechOps support air-gapped on-premises deployments?", COMPETITIVE, 2),
        ("When do Quorvia customers outgrow it?", COMPETITIVE, 3),
        ("landmine question about undoing an automatic action at night", COMPETITIVE, 4),
        ("How much net benefit did Tessaline Payments have in the first year?", CASE, 3),
        ("What went wrong with the first runbook at Tessaline during settlement?", CASE, 2),
        ("Which industry grows fastest in 2025?", TRENDS, 1),
        ("In which budget quarter do expansions close?", TRENDS, 3),
        ("webinar attendance by two or more people from one company", TRENDS, 4),
        ("Which CSM score is red in the customer health review?", PRACTICE, 3),
        ("In which order should we connect inventory, changes, alerts and tickets?", PRACTICE, 2),
        ("How do demo requests and cloud maturity multiply each other?", PRACTICE, 4),
        ("When is training the best promotion and when is it weak?", PRACTICE, 4),
    ],
)
def test_a_question_finds_its_passage_among_the_first_three(
    library: Library, question: str, file: str, page: int
) -> None:
    found = [(hit.passage.file, hit.passage.page) for hit in library.search(question, limit=3)]

    assert (file, page) in found


def test_a_query_none_of_whose_words_occurs_finds_nothing(library: Library) -> None:
    assert library.search("xylophone zeppelin") == ()
    assert library.search("the of and") == ()
    assert library.search("") == ()
    assert library.search_many(["xylophone", ""], at_least_one_of_each_kind=True) == ()


def test_nine_in_ten_questions_are_answered_and_nine_in_ten_without_an_answer_find_nothing(library: Library) -> None:
    questions = tomllib.loads(QUESTIONS.read_text(encoding="utf-8"))

    for written in ("before", "after"):
        answered = [
            any(
                hit.passage.file == f"demo/{asked['document']}.pdf"
                and asked["answer"] in " ".join(hit.passage.text.split())
                for hit in library.answers(asked["question"])
            )
            for asked in questions[written]
        ]
        silent = [library.answers(asked["question"]) == () for asked in questions[f"unanswerable_{written}"]]
        assert len(answered) == 60
        assert len(silent) == 22
        assert sum(answered) >= 0.9 * len(answered)
        assert sum(silent) >= 0.9 * len(silent)


def test_one_rare_word_in_common_is_no_answer(tmp_path: Path) -> None:
    write(tmp_path, passage(1, "Ferrowatch stores telemetry at full resolution"), passage(2, "Pricing follows volume"))
    library = Library.open(tmp_path)

    assert library.search("Who chairs the board of Ferrowatch?")
    assert library.answers("Who chairs the board of Ferrowatch?") == ()
    assert library.answers("Ferrowatch")[0].passage.passage_id == "p1"
    assert library.answers("Does Ferrowatch store telemetry?", kinds=("trends",)) == ()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("解約通知はいつまでですか", "p1"),
        ("导出数据需要多长时间", "p2"),
        ("데이터를 어디에 저장하나요", "p3"),
        ("SLAの稼働率は", "p4"),
    ],
)
def test_what_parts_no_words_is_found_by_a_question_in_its_language(tmp_path: Path, question: str, found: str) -> None:
    write(
        tmp_path,
        passage(1, "契約は更新日の九十日前までに解約通知が必要です。"),
        passage(2, "管理员可以随时导出数据,通常在一小时之内完成。"),
        passage(3, "모든 데이터는 프랑크푸르트에 저장됩니다."),
        passage(4, "標準のSLAは月間稼働率99.9%を保証します。"),
    )
    library = Library.open(tmp_path)

    assert next(hit.passage.passage_id for hit in library.search(question)) == found
    assert library.search("天気予報") == ()


def test_hits_come_best_first_and_only_of_the_kinds_asked_for(library: Library) -> None:
    hits = library.search("support tickets and CSM score", limit=10, kinds=("case study", "trends"))

    assert hits
    assert {hit.passage.kind for hit in hits} <= {"case study", "trends"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_fusion_prefers_what_several_drivers_ask_for(tmp_path: Path) -> None:
    write(tmp_path, passage(1, "churn risk"), passage(2, "webinar attendance"), passage(3, "churn risk after webinar"))

    hits = Library.open(tmp_path).search_many(["churn risk", "webinar"])

    assert hits[0].passage.passage_id == "p3"
    assert hits[0].score == pytest.approx(1 / 62 + 1 / 62, rel=0.02)
    assert {hit.passage.passage_id for hit in hits} == {"p1", "p2", "p3"}


DRIVERS = [
    "demo requests",
    "cloud maturity",
    "API usage intent",
    "integration needs, tech stack size",
    "compliance required",
    "competitor products in use",
    "churn risk and support tickets",
    "training",
]


@pytest.mark.parametrize("driver", DRIVERS)
def test_each_driver_finds_passages_in_at_least_three_kinds_of_document(library: Library, driver: str) -> None:
    assert len({hit.passage.kind for hit in library.search(driver, limit=30)}) >= 3


def test_each_kind_of_document_is_heard_when_asked_for(library: Library) -> None:
    hits = library.search_many(DRIVERS[:3], limit=6, at_least_one_of_each_kind=True)

    assert len(hits) == 6
    assert {hit.passage.kind for hit in hits} == {"product", "competitive", "case study", "trends", "best practices"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_passage_is_found_by_its_id_and_an_unknown_id_is_refused(library: Library) -> None:
    hit = library.search("Connector Promise")[0]

    assert library.passage(hit.passage.passage_id) == hit.passage
    with pytest.raises(PassageNotFoundError, match="'nope'"):
        library.passage("nope")


def test_a_reader_keeps_its_index_through_rebuilds_and_can_tell_that_a_newer_one_exists(tmp_path: Path) -> None:
    write(tmp_path, passage(1, "first edition"))
    old = Library.open(tmp_path)
    write(tmp_path, passage(1, "first edition"))
    assert old.is_current()

    for number in range(2, 6):
        write(tmp_path, passage(number, f"edition {number}"))

    assert not old.is_current()
    assert [hit.passage.text for hit in old.search("first edition")] == ["first edition"]
    assert [hit.passage.text for hit in Library.open(tmp_path).search("edition")] == ["edition 5"]
    assert len(list(tmp_path.glob("index-*"))) == 2


def test_a_build_that_fails_leaves_the_last_index_and_no_litter(tmp_path: Path) -> None:
    write(tmp_path, passage(1, "good"))

    with pytest.raises(UnicodeEncodeError):
        write(tmp_path, passage(2, "lone surrogate \ud800"))

    assert Library.open(tmp_path).search("good")
    assert not list(tmp_path.glob("building-*"))


def test_no_index_and_a_damaged_index_are_two_different_errors(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError, match="precall kb"):
        Library.open(tmp_path / "nowhere")

    write(tmp_path, passage(1, "text"))
    (home,) = tmp_path.glob("index-*")
    manifest = home / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "passages": 7}))
    with pytest.raises(LibraryBrokenError):
        Library.open(tmp_path)

    (home / "passages.jsonl").unlink()
    with pytest.raises(LibraryBrokenError, match="damaged"):
        Library.open(tmp_path)


def test_an_empty_library_opens_and_finds_nothing(tmp_path: Path) -> None:
    write(tmp_path)

    assert Library.open(tmp_path).search_many(["anything"]) == ()


def test_the_version_depends_on_the_content_alone(tmp_path: Path) -> None:
    assert write(tmp_path / "a", passage(1, "x")) == write(tmp_path / "b", passage(1, "x"))
    assert write(tmp_path / "a", passage(1, "x")) != write(tmp_path / "a", passage(1, "y"))


def test_an_index_on_disk_holds_no_pickle(home: Path) -> None:
    files = [path for path in (home / "kb" / "index").rglob("*") if path.is_file()]

    assert {path.suffix for path in files} <= {".json", ".jsonl", ".npy", ""}
