"""The kinds of classifiers, and fitting one only where it is not there yet."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from runtime.files import write_json
from teacher.data.cache import clear_errors
from teacher.probes.boosted import Boosted, fit_boosted
from teacher.probes.examples import Examples, Probe
from teacher.probes.linear import Linear, fit_logistic, fit_majority
from teacher.probes.perceptron import Perceptron, fit_perceptron


class Kind(NamedTuple):
    """How a kind is fitted, and read back."""

    fit: Callable[[Examples, Examples], Probe]
    load: Callable[[Path, str], Probe]


KINDS: Mapping[str, Kind] = {
    "majority": Kind(fit_majority, Linear.load),
    "logistic": Kind(fit_logistic, Linear.load),
    "mlp": Kind(fit_perceptron, Perceptron.load),
    "xgboost": Kind(fit_boosted, Boosted.load),
}

FIT_VERSION = 1
"""Raised whenever the same examples give another classifier."""


def ensure_probe(kind: str, learn: Examples, validation: Examples, folder: Path) -> Probe:
    """The classifier of these examples; read where it was fitted before. Raises DataError where the disk refuses.

    folder: of all classifiers; each set of examples has one within, named by its rows, labels and weights.
    """
    own = folder / f"{learn.digest()}-{validation.digest()}-{FIT_VERSION}"
    finished = own / f"{kind}.json"
    with clear_errors(folder):
        if not finished.is_file():
            probe = KINDS[kind].fit(learn, validation)
            own.mkdir(parents=True, exist_ok=True)
            probe.save(own, kind)
            # Last, because it says that the classifier is whole.
            write_json(finished, {"images": len(learn.malignant), "width": learn.features.shape[1]})
        return KINDS[kind].load(own, kind)
