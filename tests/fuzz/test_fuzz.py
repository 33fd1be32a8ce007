"""The laws of the fuzz target in a few seconds: drawn photos, cases that were found, and random damage."""

from pathlib import Path

import numpy as np
import pytest
from fuzz.laws import BrokenLaw, outcome, with_right_sums
from fuzz.seeds import SEEDS, scene
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plugin_bundles import make_bundle

from runtime import EngineError, PhotoError, Triage
from runtime.photo.decode import load_square

CORPUS = sorted(path for path in (Path(__file__).parent / "corpus").iterdir() if path.name != "README.md")
SOUND = {name: draw() for name, draw in SEEDS.items()}
QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def triage(tmp_path_factory: pytest.TempPathFactory) -> Triage:
    """Says "low" to every photo that gets as far as the model."""
    return Triage.load(make_bundle(tmp_path_factory.mktemp("fuzz"), malignancy=0.001, size=64), threads=1)


@pytest.mark.parametrize("name", SOUND)
def test_every_seed_is_a_photo(name: str, triage: Triage) -> None:
    """All but two: a fuzzer that starts from refused files would only ever see refusals. Black and white without grey
    is read, and its white then counts as glare."""
    expected = {"lab.tiff": "PhotoError", "fax.tiff": "PhotoError", "one_bit.png": "cannot assess"}
    assert outcome(SOUND[name], triage) == expected.get(name, "low")


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_cases_that_were_found_stay_fixed(path: Path, triage: Triage) -> None:
    outcome(path.read_bytes(), triage)


@QUICK
@given(name=st.sampled_from(list(SOUND)), data=st.data())
def test_any_damage_is_read_or_refused(name: str, data: st.DataObject, triage: Triage) -> None:
    damaged = bytearray(SOUND[name])
    for _ in range(data.draw(st.integers(1, 4))):
        # Three in four in the first bytes: headers are where a byte means most.
        reach = len(damaged) if data.draw(st.integers(0, 3)) == 0 else min(len(damaged), 200)
        damaged[data.draw(st.integers(0, reach - 1))] = data.draw(st.integers(0, 255))
    outcome(bytes(damaged), triage)
    outcome(with_right_sums(bytes(damaged)), triage)


@QUICK
@given(name=st.sampled_from(list(SOUND)), share=st.floats(0, 1, exclude_max=True))
def test_a_photo_cut_short_is_refused_or_whole(name: str, share: float) -> None:
    """Where only what stands behind the pixels is missing it may be read, and then it is the same photo."""
    whole = SOUND[name]
    try:
        cut = load_square(whole[: int(share * len(whole))], size=48)
    except PhotoError:
        return
    assert np.array_equal(cut, load_square(whole, size=48))


@QUICK
@given(first=st.sampled_from(list(SOUND)), second=st.sampled_from(list(SOUND)), share=st.floats(0, 1))
def test_two_photos_in_one_file_break_nothing(first: str, second: str, share: float, triage: Triage) -> None:
    outcome(SOUND[first][: int(share * len(SOUND[first]))] + SOUND[second], triage)


class Liar:
    """A triage that answers as it is told."""

    def __init__(self, answer: Exception | object) -> None:
        self.answer = answer

    def assess(self, _: bytes) -> object:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_laws_can_be_broken(triage: Triage) -> None:
    sound = triage.assess(np.asarray(scene()))
    lies = (
        (ValueError("x"), "ValueError"),
        (MemoryError(), "MemoryError"),
        (EngineError("x"), "EngineError"),
        (sound, "does not decode"),
    )
    for answer, word in lies:
        with pytest.raises(BrokenLaw, match=word):
            outcome(b"no photo at all", Liar(answer))  # type: ignore[arg-type]
