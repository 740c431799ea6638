"""Text of the record does nothing on a card and in a terminal but stand there."""

from __future__ import annotations

import pytest

from cards.markdown import escape, one_line


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Intermediate Metabolizer: ratio 1.5", "Intermediate Metabolizer: ratio 1.5"),
        ("see https://evil.example/x", "see https\\://evil.example/x"),
        ("WWW.evil.example", "WWW\\.evil.example"),
        ("mailto:a@evil.example", "mailto:a\\@evil.example"),
        ("<b>*2</b> [x](y)", "&lt;b&gt;\\*2&lt;/b&gt; \\[x\\]\\(y\\)"),
    ],
    ids=["plain words", "address", "name of a site", "mail", "marks"],
)
def test_no_word_of_the_record_becomes_a_link_or_a_mark(text: str, escaped: str) -> None:
    """GitHub Markdown makes links of bare addresses by itself."""
    assert escape(text) == escaped


def test_what_a_terminal_would_obey_is_left_out() -> None:
    """Control characters of either sort, new lines, and characters that turn the direction of writing."""
    assert one_line("a\x1b[2Jb\x9b1md\r\ne\u202ef\u200eg") == "a [2Jb 1md e f g"
