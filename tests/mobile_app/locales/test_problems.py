"""What the store and the device's keys refuse is said in every language; English is the errors' own text."""

import errno

import pytest

from mobile_app.device.vault import VaultError
from mobile_app.locales import LANGUAGES
from mobile_app.locales.problems import SENTENCES, told
from mobile_app.store import StoreError, Trouble
from mobile_app.store.errors import store_errors
from runtime.errors import PhotoError, Refusal

OTHERS = [code for code in LANGUAGES if code != "en"]


def test_every_language_but_english_has_its_sentences() -> None:
    assert set(SENTENCES) == set(OTHERS)


@pytest.mark.parametrize("reason", Trouble)
@pytest.mark.parametrize("kind", [StoreError, VaultError])
def test_every_trouble_is_said_in_every_language(kind: type[StoreError | VaultError], reason: Trouble) -> None:
    problem = kind("in English", reason=reason)
    assert told(problem, language="en") == "in English"
    said = [told(problem, language=code) for code in OTHERS]
    assert len(set(said)) == len(OTHERS)
    assert all(sentence.endswith(".") and "English" not in sentence for sentence in said)


def test_a_full_disk_is_told_from_other_refusals() -> None:
    for number, reason in ((errno.ENOSPC, Trouble.FULL), (errno.EACCES, Trouble.FAILED)):
        with pytest.raises(StoreError) as caught, store_errors("the photo cannot be kept"):
            raise OSError(number, "refused")
        assert caught.value.reason is reason
    assert told(caught.value, language="en") == "the photo cannot be kept: refused"


def test_photos_and_what_others_raise_go_the_same_way() -> None:
    refused = PhotoError("the file is empty (0 bytes)", reason=Refusal.EMPTY, photo="a.jpg")
    assert told(refused, language="fr") == "a.jpg: Le fichier est vide."
    assert told(ValueError("odd"), language="fr") == "odd"
