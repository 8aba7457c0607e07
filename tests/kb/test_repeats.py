from datetime import UTC, datetime

from kb.passages import Passage
from kb.repeats import find_repeats

LEAFLET = (
    "Mission Critical answers a priority one case in fifteen minutes and credits half of the monthly fee when missed"
)
MODIFIED = {"old.pdf": datetime(2024, 1, 1, tzinfo=UTC), "new.pdf": datetime(2026, 1, 1, tzinfo=UTC)}


def passage(passage_id: str, text: str, *, file: str = "old.pdf") -> Passage:
    return Passage(passage_id=passage_id, document="D", file=file, kind="other", page=1, section="", text=text)


def test_the_newest_edition_stands_for_the_others() -> None:
    passages = [
        passage("a", LEAFLET),
        passage("b", f"{LEAFLET} today", file="new.pdf"),
        passage("c", "Something else altogether is said in this passage of eleven words"),
    ]

    assert find_repeats(passages, modified=MODIFIED) == {"a": "b"}


def test_another_number_in_a_short_passage_is_no_repeat() -> None:
    passages = [passage("a", LEAFLET), passage("b", LEAFLET.replace("fifteen", "thirty").replace("half", "a tenth"))]

    assert find_repeats(passages, modified=MODIFIED) == {}


def test_headings_and_table_rows_are_never_repeats() -> None:
    assert find_repeats([passage("a", "Total | 12 %"), passage("b", "Total | 12 %")], modified=MODIFIED) == {}
