from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.documents import DocumentText, OutlineEntry, kind_of
from kb.index import Library
from kb.passages import MAX_WORDS, split_passages


def document(*pages: str, outline: tuple[tuple[str, int], ...] = ()) -> DocumentText:
    return DocumentText(
        file="guide.pdf",
        title="Guide",
        kind="other",
        pages=pages,
        outline=tuple(OutlineEntry(title=title, page=page) for title, page in outline),
        sha256="0" * 64,
        modified=datetime(2025, 1, 1, tzinfo=UTC),
    )


def prose(sentences: int, *, words: int = 12) -> str:
    return " ".join(f"Sentence {number} {'word ' * (words - 3)}ends." for number in range(sentences))


def test_no_passage_of_the_library_is_longer_than_the_limit(library: Library) -> None:
    passages = [hit.passage for hit in library.search("platform account customers the market", limit=1_000)]

    assert len(passages) > 30
    assert max(len(passage.text.split()) for passage in passages) <= MAX_WORDS


ENDLESS = "".join(map(str, range(20_000)))


@pytest.mark.parametrize(
    "text", [ENDLESS, ENDLESS.replace("0", "\u4fa1").replace("9", "\u3002"), " ".join(ENDLESS), f"plan | {ENDLESS} | 1"]
)
def test_a_text_that_parts_no_words_is_cut_too_and_none_of_it_is_lost(text: str) -> None:
    passages = split_passages(document(text))

    assert all(len(passage.text) <= 12 * MAX_WORDS for passage in passages)
    assert all(len(passage.text.split()) <= MAX_WORDS for passage in passages)
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())


def test_no_passage_of_the_library_holds_a_page_number(library: Library) -> None:
    passages = [hit.passage for hit in library.search("confidential sales page version", limit=1_000)]

    assert not [passage for passage in passages if "Page " in passage.text and " of " in passage.text]


def test_a_section_goes_on_over_the_page_and_the_page_is_cited() -> None:
    first, second, third = split_passages(
        document(
            "Pricing\n\nOne costs two.",
            "It goes on here.\n\nSupport and\nService\n\nCall us.",
            outline=(("Pricing", 1), ("2.1 Support and Service", 2)),
        )
    )

    assert (first.section, first.page, first.text) == ("Pricing", 1, "One costs two.")
    assert (second.section, second.page, second.text) == ("Pricing", 2, "It goes on here.")
    assert (third.section, third.page, third.text) == ("2.1 Support and Service", 2, "Call us.")


def test_without_an_outline_a_short_line_of_its_own_is_taken_for_a_heading() -> None:
    passages = split_passages(document(f"Service Levels\n\n{prose(3)}\n\nnot a heading\n\n{prose(3)}"))

    assert [passage.section for passage in passages] == ["Service Levels"]
    assert "not a heading" in passages[0].text


def test_without_outline_or_headings_the_section_is_empty() -> None:
    (passage,) = split_passages(document("only one line of text without a heading."))

    assert passage.section == ""


def test_running_heads_feet_and_page_numbers_are_left_out() -> None:
    pages = [f"ACME Ltd | Secret\n\nFact {n * 7} holds, says line {n}.\n\nPage {n} of 4" for n in range(1, 5)]

    texts = [passage.text for passage in split_passages(document(*pages))]

    assert texts == [f"Fact {n * 7} holds, says line {n}." for n in range(1, 5)]


def test_long_text_is_parted_evenly_between_sentences() -> None:
    passages = split_passages(document(prose(20)))

    lengths = [len(passage.text.split()) for passage in passages]
    assert len(lengths) == 2
    assert max(lengths) - min(lengths) <= 12
    assert all(passage.text.endswith("ends.") for passage in passages)


def test_a_passage_that_begins_inside_a_table_begins_with_its_header() -> None:
    rows = "\n\n".join(f"Item {n} | {'w ' * 20}| {n} %" for n in range(12))

    passages = split_passages(document(f"Name | What | Share\n\n{rows}"))

    assert len(passages) == 2
    assert all(passage.text.startswith("Name | What | Share\n") for passage in passages)


def test_abbreviations_and_decimals_end_no_sentence() -> None:
    text = f"{prose(14)} Use e.g. Plan B at 3.5 percent, says Dr. Who of Acme Inc. Ltd. today."

    assert split_passages(document(text))[-1].text.endswith(
        "Use e.g. Plan B at 3.5 percent, says Dr. Who of Acme Inc. Ltd. today."
    )


def test_a_sentence_broken_by_a_gap_is_made_whole_and_a_hyphen_at_a_lines_end_is_kept() -> None:
    (passage,) = split_passages(
        document("• Customers leave when low-\nlatency replies\n\nare missing.\n\nThey stay otherwise.")
    )

    assert passage.text == "• Customers leave when low-latency replies are missing.\nThey stay otherwise."


def test_a_page_of_nothing_but_repeated_lines_keeps_them() -> None:
    assert len(split_passages(document("Call us today.", "Call us today."))) == 2


def test_the_same_passage_keeps_its_id_and_another_page_gives_another() -> None:
    once = split_passages(document("Same text here.", "Same text here."))
    again = split_passages(document("Same text here.", "Same text here."))

    assert [passage.passage_id for passage in once] == [passage.passage_id for passage in again]
    assert len({passage.passage_id for passage in once}) == 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(alphabet="ab .|\n•1!", max_size=1_500), min_size=1, max_size=3))
def test_whatever_the_text_no_passage_is_empty_or_too_long(pages: list[str]) -> None:
    for passage in split_passages(document(*pages)):
        assert 0 < len(passage.text.split()) <= MAX_WORDS


@pytest.mark.parametrize(
    ("title", "keywords", "kind"),
    [
        ("Competitive Intelligence", "", "competitive"),
        ("Case Study: FinTech Success", "", "case study"),
        ("Best practices for the product", "", "best practices"),
        ("Industry Trends 2025", "", "trends"),
        ("Data Sheet X200", "", "product"),
        ("Minutes", "internal; Case Study", "case study"),
        ("Minutes", "", "other"),
    ],
)
def test_the_kind_comes_from_the_keywords_or_else_from_the_title(title: str, keywords: str, kind: str) -> None:
    assert kind_of(title=title, keywords=keywords) == kind
