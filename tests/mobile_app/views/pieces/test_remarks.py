"""What is said below a field about letters that cannot be printed or shown."""

import pytest

from mobile_app.locales import LANGUAGES
from mobile_app.views.pieces.draft import remark_on


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("text", ["", "left palm?", "Łódź, œil", "محمد", "王秀英", "አበበ", "👍🏽", "e\u0301", "a\nb"])
def test_nothing_is_said_of_what_can_be_printed(code: str, text: str) -> None:
    assert remark_on(text, LANGUAGES[code].spots) == ""


@pytest.mark.parametrize("code", LANGUAGES)
def test_letters_that_are_only_shown_and_letters_of_no_font_are_told_apart(code: str) -> None:
    texts = LANGUAGES[code].spots
    assert remark_on("नाम", texts) == texts.unprintable
    assert remark_on("한국", texts) == remark_on("नाम 한", texts) == texts.unshown
