"""What a bundle says of itself: `manifest.json` as frozen dataclasses, written and read by the same code.

The text carries a checksum of its own content and has exactly one spelling, so one flipped byte anywhere in it is
refused. That guards against damage, not against a forger: who can rewrite the file can rewrite the checksum.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from runtime.bundle.json_fields import Fields, dump, parse
from runtime.conditions import CONDITIONS
from runtime.errors import BundleError

SCHEMA_VERSION = 3
"""3: how the operating points are assured and for whom, prediction sets, the stated rejection rate of novelty.
2: calibration per file, recipe and determinism of each file, files that are missing (1 was never released)."""
OLDEST_READABLE = 2
"""What a manifest of this version does not say stands at its default: nothing assured, no prediction sets."""
MANIFEST_NAME = "manifest.json"
FORMATS = ("onnx", "tflite", "coreml", "saved_model")
PRECISIONS = ("fp32", "fp16", "int8")

_COUNT = 10**12


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured value with its 95% interval and the number of cases behind it."""

    value: float
    low: float
    high: float
    n: int


UNKNOWN_GROUP = "unknown"
"""People whose dataset does not say which tone their skin has."""


@dataclass(frozen=True, kw_only=True)
class GroupAssurance:
    """What is known of the `low` threshold for one group of people, such as the tone group V-VI, or one kind of photos,
    such as those of smartphones."""

    group: str
    assured: bool
    """Whether the bound on missed cancers was derived for this group by itself."""
    cancers: int
    """Calibration photos of this group that show a cancer; too few, and nothing can be assured."""
    sensitivity_at_low: Figure | None = None
    """Share of them that reach `low`; None where there are none."""


@dataclass(frozen=True, kw_only=True)
class OperatingPoints:
    """Where the tiers change, on the malignancy probability: below `low` is low, from `high` on is high."""

    low: float = 0.3
    high: float = 0.6
    calibrated: bool = False
    """Whether the two were chosen on the calibration part for the targets below, or are the defaults."""
    target_sensitivity: float | None = None
    """Share of cancers that must not be below `low`."""
    target_specificity: float | None = None
    """Share of benign lesions that must be below `high`."""
    sensitivity_at_low: Figure | None = None
    specificity_at_high: Figure | None = None
    method: str = ""
    """How `low` was derived, in one line; empty where it was not."""
    confidence: float | None = None
    """Chance, over calibration sets of this size, that `low` keeps its target on new photos of the same kind. None: it
    keeps the target on average only."""
    groups: tuple[GroupAssurance, ...] = ()
    """The same bound, tone group by tone group."""
    domains: tuple[GroupAssurance, ...] = ()
    """The same bound by how photos were taken; written only where the calibration part holds more than one kind, so
    that all other manifests are what they were."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.high <= 1.0:  # also refuses NaN
            raise BundleError(f"operating points low {self.low}, high {self.high}: need 0 <= low <= high <= 1")


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """The model's only input: the pixels as decoded, normalisation is inside the graph."""

    height: int
    width: int
    name: str = "image"
    dtype: str = "uint8"
    layout: str = "NHWC"
    colour: str = "RGB"


@dataclass(frozen=True, kw_only=True)
class Frames:
    """How often one answer looks at the photo: crops of the input that the model cuts and averages inside, so that a
    runtime does nothing for it."""

    count: int = 1
    side: int | None = None
    """of each crop in pixels; None: the whole square"""


@dataclass(frozen=True, kw_only=True)
class Prevalence:
    """The share of malignant lesions in use that malignancy is a probability for: declared by a person, not measured.

    The malignancy's logit was moved by the log odds of `declared` over those of `calibrated`. Condition probabilities
    were not.
    """

    declared: float
    calibrated: float
    """share of malignant photos in the part that the temperatures come from"""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the probabilities were calibrated on, and the temperatures inside the graph."""

    part: str
    n: int
    malignancy_temperature: float
    conditions_temperature: float
    prevalence: Prevalence | None = None
    """None: none was declared, probabilities are of photos with as many malignant ones as the part. Written only where
    there is one, so that all other manifests are what they were."""

    @property
    def declared(self) -> float | None:
        """The declared share of malignant lesions in use."""
        return None if self.prevalence is None else self.prevalence.declared


@dataclass(frozen=True, kw_only=True)
class PredictionSets:
    """Conformal prediction sets over the conditions: those whose probability reaches `threshold`, and the likeliest."""

    threshold: float
    target_coverage: float
    """Share of new photos of the same kind whose true condition is in the set."""
    n: int
    """Calibration photos."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:  # also refuses NaN
            raise BundleError(f"prediction sets: threshold {self.threshold} is not a probability")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One model file, with the thresholds and figures that were measured on this very file."""

    name: str
    format: str
    precision: str
    bytes: int
    sha256: str
    recipe: str = ""
    """How it was quantised; empty where nothing was."""
    determinism: str = ""
    """Why exporting again may give other bytes; empty: it gives the same."""
    calibration: Calibration | None = None
    """None: the temperatures are 1."""
    operating_points: OperatingPoints = OperatingPoints()
    novelty_threshold: float | None = None
    """Photos above it are unlike the training photos. None: novelty is not judged."""
    novelty_rejection: float | None = None
    """Share of new photos of the same kind that may be called unfamiliar."""
    prediction_sets: PredictionSets | None = None
    """None: a photo's conditions come without a set."""
    metrics: Mapping[str, Figure] = field(default_factory=dict[str, Figure])
    parity: Mapping[str, float] = field(default_factory=dict[str, float])
    """How far its answers are from the PyTorch model's."""

    def __post_init__(self) -> None:
        if self.novelty_threshold is not None and not math.isfinite(self.novelty_threshold):
            raise BundleError(f"{self.name}: novelty threshold {self.novelty_threshold} is not a finite number")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The whole of `manifest.json`."""

    model_id: str
    architecture: str
    created: str
    """ISO date"""
    licence: str
    training_data: tuple[str, ...]
    input: InputSpec
    files: tuple[ModelFile, ...]
    incomplete: tuple[str, ...] = ()
    """Files that were asked for and failed their gate, such as "tflite int8"."""
    toolchain: Mapping[str, str] = field(default_factory=dict[str, str])
    conditions: tuple[str, ...] = tuple(CONDITIONS)
    frames: Frames = Frames()
    """Written only where there are several, so that all other manifests are what they were."""

    def to_json(self) -> str:
        """The text of `manifest.json`, checksum included; the same content always gives the same text."""
        content: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **_plain(asdict(self))}
        if self.frames == Frames():
            del content["frames"]
        for file in content["files"]:
            if file["calibration"] is not None and file["calibration"]["prevalence"] is None:
                del file["calibration"]["prevalence"]
            if not file["operating_points"]["domains"]:
                del file["operating_points"]["domains"]
        try:
            return dump({**content, "checksum": _checksum(content)})
        except ValueError as error:
            raise BundleError(f"{self.model_id}: the manifest holds a number that is not finite ({error})") from error

    @classmethod
    def from_json(cls, text: str, *, where: str = MANIFEST_NAME) -> "Manifest":
        """The manifest in `text`, every field checked. Raises BundleError."""
        fields = parse(text, where=where)
        fields = _upgraded(fields, version=_readable_version(fields))
        fields.integer("schema_version", low=1, high=_COUNT)
        manifest = _manifest(fields)
        _check_checksum(text, where=where, checksum=fields.text("checksum"))
        fields.done()
        return manifest


def _readable_version(fields: Fields) -> int:
    version = fields.integer("schema_version", low=1, high=_COUNT)
    readable = f"this program reads {OLDEST_READABLE} to {SCHEMA_VERSION}"
    if version > SCHEMA_VERSION:
        fields.fail(f"schema version {version} is newer than this program ({readable}); update the program")
    if version < OLDEST_READABLE:
        fields.fail(f"schema version {version} is too old ({readable}); export the bundle again")
    return version


def _upgraded(fields: Fields, *, version: int) -> Fields:
    """A manifest of version 2 with what version 3 added at its defaults; a damaged one is left to the reader."""
    values = dict(fields.values())
    files = values.get("files")
    if version >= SCHEMA_VERSION or not isinstance(files, list):
        return fields
    values["files"] = [_upgraded_file(file) for file in cast(list[object], files)]
    return Fields(values, where=fields.where)


def _upgraded_file(file: object) -> object:
    if not isinstance(file, dict):
        return file
    known = cast(dict[str, Any], file)
    points: object = known.get("operating_points")
    if isinstance(points, dict):
        added: dict[str, Any] = {"method": "", "confidence": None, "groups": []}
        points = {**added, **cast(dict[str, Any], points)}
    return {"novelty_rejection": None, "prediction_sets": None, **known, "operating_points": points}


def _plain(value: Any) -> Any:
    """numpy scalars, enums and tuples as what JSON knows."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str):
        return str(value)
    return value.item() if hasattr(value, "item") else value


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(dump(content).encode()).hexdigest()


def _check_checksum(text: str, *, where: str, checksum: str) -> None:
    content = dict(parse(text, where=where).values())
    if dump(content) != text.replace("\r\n", "\n"):
        raise BundleError(f"{where}: damaged or edited by hand (not written as this program writes it)")
    del content["checksum"]
    if _checksum(content) != checksum:
        raise BundleError(f"{where}: damaged or edited by hand (its checksum does not match)")


def _manifest(fields: Fields) -> Manifest:
    spec = _input(fields.child("input"))
    manifest = Manifest(
        model_id=fields.text("model_id"),
        architecture=fields.text("architecture"),
        created=fields.text("created"),
        licence=fields.text("licence"),
        training_data=fields.texts("training_data"),
        input=spec,
        frames=_frames(fields.child("frames"), side=spec.height) if "frames" in fields.values() else Frames(),
        conditions=_conditions(fields),
        files=tuple(_file(file) for file in fields.objects("files")),
        incomplete=fields.texts("incomplete"),
        toolchain=fields.mapping("toolchain", Fields.text),
    )
    names = [file.name for file in manifest.files]
    if not names or len(set(names)) != len(names):
        fields.fail("'files' must name at least one file, and none twice")
    return manifest


def _conditions(fields: Fields) -> tuple[str, ...]:
    conditions = fields.texts("conditions")
    if conditions != tuple(CONDITIONS):
        # In another order every answer would be read as a different disease.
        fields.fail(f"'conditions' must be {', '.join(CONDITIONS)}, in this order")
    return conditions


def _input(fields: Fields) -> InputSpec:
    spec = InputSpec(
        name=fields.one_of("name", ("image",)),
        dtype=fields.one_of("dtype", ("uint8",)),
        layout=fields.one_of("layout", ("NHWC",)),
        colour=fields.one_of("colour", ("RGB",)),
        height=fields.integer("height", low=32, high=2048),
        width=fields.integer("width", low=32, high=2048),
    )
    if spec.height != spec.width:
        fields.fail(f"{spec.width} x {spec.height} is not square")
    fields.done()
    return spec


def _frames(fields: Fields, *, side: int) -> Frames:
    frames = Frames(
        count=fields.integer("count", low=2, high=64),
        side=fields.integer("side", low=32, high=side),
    )
    fields.done()
    return frames


def _calibration(fields: Fields) -> Calibration:
    calibration = Calibration(
        part=fields.text("part"),
        n=fields.integer("n", low=1, high=_COUNT),
        malignancy_temperature=fields.number("malignancy_temperature", low=1e-6, high=1e6),
        conditions_temperature=fields.number("conditions_temperature", low=1e-6, high=1e6),
        prevalence=_prevalence(fields.child("prevalence")) if "prevalence" in fields.values() else None,
    )
    fields.done()
    return calibration


def _prevalence(fields: Fields) -> Prevalence:
    declared, calibrated = (fields.number(key, low=0.0, high=1.0) for key in ("declared", "calibrated"))
    if {declared, calibrated} & {0.0, 1.0}:
        fields.fail("a share of malignant lesions must lie between 0 and 1")
    fields.done()
    return Prevalence(declared=declared, calibrated=calibrated)


def _file(fields: Fields) -> ModelFile:
    name, sha256 = fields.text("name"), fields.text("sha256")
    if "/" in name or "\\" in name or name.startswith(".") or not name.isprintable():
        fields.fail(f"{name!r} is not a plain file name")
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        fields.fail("'sha256' must be 64 hexadecimal digits")
    file = ModelFile(
        name=name,
        format=fields.one_of("format", FORMATS),
        precision=fields.one_of("precision", PRECISIONS),
        bytes=fields.integer("bytes", low=1, high=_COUNT),
        sha256=sha256,
        recipe=fields.string("recipe"),
        determinism=fields.string("determinism"),
        calibration=fields.optional("calibration", lambda key: _calibration(fields.child(key))),
        operating_points=_operating_points(fields.child("operating_points")),
        novelty_threshold=fields.optional("novelty_threshold", fields.number),
        novelty_rejection=fields.optional("novelty_rejection", lambda key: fields.number(key, low=0.0, high=1.0)),
        prediction_sets=fields.optional("prediction_sets", lambda key: _prediction_sets(fields.child(key))),
        metrics=fields.mapping("metrics", lambda metrics, key: _figure(metrics.child(key))),
        parity=fields.mapping("parity", Fields.number),
    )
    fields.done()
    return file


def _operating_points(fields: Fields) -> OperatingPoints:
    def share(key: str) -> float:
        return fields.number(key, low=0.0, high=1.0)

    def figure(key: str) -> Figure:
        return _figure(fields.child(key))

    low, high = share("low"), share("high")
    if low > high:
        fields.fail(f"'low' {low} is above 'high' {high}")
    points = OperatingPoints(
        low=low,
        high=high,
        calibrated=fields.flag("calibrated"),
        target_sensitivity=fields.optional("target_sensitivity", share),
        target_specificity=fields.optional("target_specificity", share),
        sensitivity_at_low=fields.optional("sensitivity_at_low", figure),
        specificity_at_high=fields.optional("specificity_at_high", figure),
        method=fields.string("method"),
        confidence=fields.optional("confidence", share),
        groups=tuple(_group(group) for group in fields.objects("groups")),
        domains=tuple(_group(one) for one in fields.objects("domains")) if "domains" in fields.values() else (),
    )
    fields.done()
    return points


def _group(fields: Fields) -> GroupAssurance:
    group = GroupAssurance(
        group=fields.text("group"),
        assured=fields.flag("assured"),
        cancers=fields.integer("cancers", low=0, high=_COUNT),
        sensitivity_at_low=fields.optional("sensitivity_at_low", lambda key: _figure(fields.child(key))),
    )
    fields.done()
    return group


def _prediction_sets(fields: Fields) -> PredictionSets:
    sets = PredictionSets(
        threshold=fields.number("threshold", low=0.0, high=1.0),
        target_coverage=fields.number("target_coverage", low=0.0, high=1.0),
        n=fields.integer("n", low=1, high=_COUNT),
    )
    fields.done()
    return sets


def _figure(fields: Fields) -> Figure:
    figure = Figure(
        value=fields.number("value"),
        low=fields.number("low"),
        high=fields.number("high"),
        n=fields.integer("n", low=0, high=_COUNT),
    )
    fields.done()
    return figure
