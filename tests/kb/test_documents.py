from kb.documents import HiddenText, describe_hidden


def hidden(page: int, characters: int, reason: str = "outside the page") -> HiddenText:
    return HiddenText(page=page, characters=characters, reason=reason)


def test_hidden_text_is_told_by_reason_with_its_pages() -> None:
    found = [hidden(1, 9), hidden(2, 1, "drawn as invisible"), *(hidden(page, 10) for page in (4, 5, 6, 9))]

    assert describe_hidden(found) == (
        "Pages 1, 4-6, 9: 49 hidden characters left out, outside the page.",
        "Page 2: 1 hidden character left out, drawn as invisible.",
    )
    assert describe_hidden([]) == ()
