"""The words of every answer: complete in every language, and never a promise that a spot is harmless."""

import dataclasses
import re
import string
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.answer.advice import AdviceKind, advice_for
from runtime.answer.locales import LANGUAGES, Texts, best_language, texts_for
from runtime.conditions import Condition
from runtime.photo.quality import QualityProblem
from runtime.triage import Reason, Tier

ENGLISH = LANGUAGES["en"]
TRANSLATIONS = [code for code in LANGUAGES if code != "en"]

SAME_AS_ENGLISH = {
    "es": {"conditions.melanoma.name", "conditions.dermatofibroma.name"},
    "pt": {"conditions.melanoma.name", "conditions.dermatofibroma.name"},
    "fr": set(),
}
"""Words that two languages share."""

HARMLESS = {
    "en": r"harmless|benign|safe\b|healthy|nothing to worry|no risk|not dangerous",
    "es": r"inofensiv|benign|segur[oa]\b|\bsan[oa]s?\b|sin riesgo|no es peligros|tranquil",
    "pt": r"inofensiv|benign|segur[oa]\b|saudáve|sem risco|não é perigos|tranquil",
    "fr": r"inoffensi|bénin|bénign|sans danger|saine?s?\b|sans risque|rassur",
}


def entries(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a table with its place, such as ("advice.low.what_to_do.0", "...")."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from entries(item, f"{path}.{index}")
    else:
        assert dataclasses.is_dataclass(value), f"{path} is neither text nor table"
        for field in dataclasses.fields(value):
            yield from entries(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_four_languages_are_there() -> None:
    assert list(LANGUAGES) == ["en", "es", "pt", "fr"]
    assert all(code == table.language for code, table in LANGUAGES.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_or_empty(language: str) -> None:
    """The same places are filled in every language, lists of red flags and ABCDE signs equally long."""
    table = dict(entries(LANGUAGES[language]))
    assert table.keys() == dict(entries(ENGLISH)).keys()
    assert not [place for place, text in table.items() if text != text.strip() or not text]
    assert len(LANGUAGES[language].abcde) == 5
    assert [line[0] for line in LANGUAGES[language].abcde] == list("ABCDE")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_text(language: str) -> None:
    texts = LANGUAGES[language]
    for table, codes in (
        (texts.advice, AdviceKind),
        (texts.reasons, Reason),
        (texts.problems, QualityProblem),
        (texts.conditions, Condition),
    ):
        assert set(vars(table)) == set(codes)
    assert {texts.reason_of(code) for code in (*Reason, *QualityProblem)} == {
        *vars(texts.reasons).values(),
        *vars(texts.problems).values(),
    }
    for lookup in (texts.advice_of, texts.reason_of, texts.condition_of):
        with pytest.raises(KeyError):
            lookup("nonsense")


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_placeholders_agree_with_english(language: str) -> None:
    english = dict(entries(ENGLISH))
    for place, text in entries(LANGUAGES[language]):
        assert placeholders(text) == placeholders(english[place]), place


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_nothing_was_left_in_english(language: str) -> None:
    english = dict(entries(ENGLISH))
    same = {place for place, text in entries(LANGUAGES[language]) if text == english[place]}
    assert same == SAME_AS_ENGLISH[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_texts_of_a_table_are_the_same(language: str) -> None:
    """A copied line is a forgotten one: each result, reason, problem and condition is told apart by its words."""
    texts = LANGUAGES[language]
    kinds = [texts.advice_of(kind) for kind in AdviceKind]
    for field in ("label", "headline", "urgency"):
        assert len({getattr(kind, field) for kind in kinds}) == len(kinds)
    sentences = [texts.reason_of(code) for code in (*Reason, *QualityProblem)]
    assert len(set(sentences)) == len(sentences)
    assert len({texts.condition_of(condition).name for condition in Condition}) == len(Condition)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_says_that_a_spot_is_harmless(language: str) -> None:
    assert not [text for _, text in entries(LANGUAGES[language]) if re.search(HARMLESS[language], text.lower())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short_enough_for_everybody(language: str) -> None:
    for place, text in entries(LANGUAGES[language]):
        for sentence in re.split(r"[.;:]\s", text):
            assert len(sentence.split()) <= 25, (place, sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_urgency_says_the_weeks(language: str) -> None:
    texts = LANGUAGES[language]
    assert re.findall(r"\d", texts.advice.high.urgency) == ["1", "2"]
    assert re.findall(r"\d", texts.advice.moderate.urgency) == ["2", "4"]
    assert "ABCDE" in texts.advice.low.urgency
    for problem in QualityProblem:
        assert texts.reason_of(problem).endswith(".")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tier", Tier)
def test_every_advice_carries_red_flags_and_abcde(tier: Tier, language: str) -> None:
    advice, texts = advice_for(tier, language=language), LANGUAGES[language]
    assert advice.red_flags_now == texts.red_flags_now
    assert (advice.red_flags, advice.abcde) == (texts.red_flags, texts.abcde)


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en", "en"), ("ES", "es"), ("es-MX", "es"), ("pt_BR", "pt"), ("fr.UTF-8", "fr"), ("fr_CH.UTF-8@euro", "fr")],
)
def test_a_language_is_known_by_every_usual_spelling(tag: str, language: str) -> None:
    assert texts_for(tag) is LANGUAGES[language]
    assert best_language(tag) == language


@pytest.mark.parametrize("tag", ["", "C", "POSIX", "de", "english", "e", "xx-en", "\n"])
def test_an_unknown_language_is_an_error_that_lists_the_others(tag: str) -> None:
    with pytest.raises(ValueError, match="en, es, pt, fr") as caught:
        texts_for(tag)
    assert str(caught.value).isprintable()


def test_the_best_language_is_the_first_that_there_is() -> None:
    assert best_language("de_DE.UTF-8", None, "", "pt-PT", "fr") == "pt"
    assert best_language("C", "tlh") == best_language() == "en"


@given(st.lists(st.text() | st.none()))
def test_there_always_is_a_best_language(preferences: list[str | None]) -> None:
    assert isinstance(texts_for(best_language(*preferences)), Texts)
