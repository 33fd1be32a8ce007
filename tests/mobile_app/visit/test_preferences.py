"""Settings come back as they were, and nothing that was kept can break the app."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mobile_app.locales import LANGUAGES
from mobile_app.visit.preferences import TEXT_SCALES, Preferences, Theme, from_values, to_values

PREFERENCES = st.builds(
    Preferences,
    language=st.sampled_from(sorted(LANGUAGES)),
    theme=st.sampled_from(Theme),
    text_scale=st.sampled_from(TEXT_SCALES),
    keep_photos=st.booleans(),
    introduced=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(PREFERENCES)
def test_they_survive_json(preferences: Preferences) -> None:
    assert from_values(json.loads(json.dumps(to_values(preferences)))) == preferences


@given(st.dictionaries(st.sampled_from(["language", "theme", "text_scale", "keep_photos", "introduced", "x"]), JSON))
def test_whatever_was_kept_gives_settings_that_are_possible(values: dict[str, Any]) -> None:
    found = from_values(values)
    assert found.language in LANGUAGES
    assert isinstance(found.theme, Theme)
    assert isinstance(found.text_scale, float)
    assert found.text_scale in TEXT_SCALES
    assert isinstance(found.keep_photos, bool)


def test_the_devices_language_is_taken_where_the_app_has_it() -> None:
    assert Preferences().with_language("pt-BR").language == "pt"
    assert Preferences().with_language("fr_CA").language == "fr"
    assert Preferences(language="es").with_language("sw").language == "es"
    assert Preferences().with_language("").language == "en"
