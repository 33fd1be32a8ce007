"""The words of every answer, one table per language. Codes decide (`runtime.triage`), these tables only say it."""

import re
from collections.abc import Mapping

from runtime.answer.locales.en import ENGLISH
from runtime.answer.locales.es import SPANISH
from runtime.answer.locales.fr import FRENCH
from runtime.answer.locales.pt import PORTUGUESE
from runtime.answer.locales.texts import AdviceTexts, ConditionTexts, Texts
from runtime.errors import one_line

__all__ = ["DEFAULT_LANGUAGE", "LANGUAGES", "AdviceTexts", "ConditionTexts", "Texts", "best_language", "texts_for"]

LANGUAGES: Mapping[str, Texts] = {table.language: table for table in (ENGLISH, SPANISH, PORTUGUESE, FRENCH)}
"""By ISO 639-1 code."""
DEFAULT_LANGUAGE = ENGLISH.language


def texts_for(language: str) -> Texts:
    """The table of a language: "es", "es-MX" (BCP 47), "pt_BR" or "fr_FR.UTF-8" (POSIX). Raises ValueError."""
    code = _code_of(language)
    if code not in LANGUAGES:
        raise ValueError(f"no texts in the language {one_line(language)!r}; there are: {', '.join(LANGUAGES)}")
    return LANGUAGES[code]


def best_language(*preferences: str | None) -> str:
    """The code of the first preference that has a table, else English. None and "" are no preference."""
    codes = (_code_of(preference) for preference in preferences if preference)
    return next((code for code in codes if code in LANGUAGES), DEFAULT_LANGUAGE)


def _code_of(language: str) -> str:
    """The part before country, encoding and variant."""
    return re.split(r"[-_.@]", language.strip().lower(), maxsplit=1)[0]
