"""A measurement as a value, and as a file that others can read: `result.schema.json` says what stands in it.

The file holds the raw times. What is derived from them (rows: statistics, verdict, warnings) stands there too, for
readers without this program; this program derives it anew, by its own rule, whenever it reads a file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import runtime
from runtime.bundle.json_fields import Fields, parse
from runtime.errors import BundleError, SkintagError
from runtime.files import json_text
from runtime.measure.machine import Machine, State
from runtime.measure.series import DIGITS, Samples, Series
from runtime.measure.verdict import RULE, Verdict, judge

SCHEMA = "skintag-edge/measurement"
SCHEMA_VERSION = 1
"""1: the first one. A later one must read the earlier ones: tests/runtime/measure/results holds one of each."""
SCHEMA_PATH = Path(__file__).with_name("result.schema.json")
MODES = ("full", "quick", "sustained", "trial")

_MOST = 10**15


class ResultError(SkintagError):
    """A file that is no measurement, or one that this program cannot read."""


@dataclass(frozen=True, kw_only=True)
class Photo:
    """What was judged."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Code:
    """What judged it."""

    version: str
    sha256: str
    """of all modules of `runtime`"""
    commit: str | None = None
    """None where there is no checkout"""
    dirty: bool | None = None
    """whether files of the checkout were changed since that commit"""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model file."""

    model_id: str
    file: str
    format: str
    precision: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What the runtime was asked to compute on, and what it then took: it falls back without a word."""

    requested: tuple[str, ...]
    actual: tuple[str, ...]
    """empty where the engine does not tell"""


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How good the very file is whose speed was measured."""

    source: str
    """ "manifest": as measured when it was exported; "measured": after the times, in this run"""
    figures: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """The first answer of a fresh process, milliseconds."""

    imports: float | None
    """None where the process had been started before: the app's"""
    session: float
    """reading, checking and starting the bundle"""
    first_answer: float


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was timed, and its raw times."""

    name: str
    """such as "onnx int8" """
    model: Model
    engine: str
    """such as "onnxruntime 1.26.0" """
    threads: int
    provider: Provider
    samples: Samples
    peak_memory_bytes: int | None = None
    accuracy: Accuracy | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One stage of one subject, with all that is derived from its times."""

    subject: str
    stage: str
    series: Series
    verdict: Verdict
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        series = self.series
        figures = ("p50", "p90", "p99", "mean", "fastest", "slowest", "spread", "drift", "seconds")
        return {
            "subject": self.subject,
            "stage": self.stage,
            "n": series.n,
            **{name: round(float(getattr(series, name)), DIGITS) for name in figures},
            "minutes": [
                {"p50": round(one.p50, DIGITS), "p90": round(one.p90, DIGITS), "n": one.n} for one in series.minutes
            ],
            "valid": self.verdict.valid,
            "reasons": [{"fault": reason.fault.value, "text": reason.text} for reason in self.verdict.reasons],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measurement."""

    mode: str
    """one of MODES"""
    photo: Photo
    code: Code
    machine: Machine
    start: State
    end: State
    others: float | None
    """share of all cores' time that others had meanwhile; None where the system does not tell"""
    subjects: tuple[Subject, ...]
    cold_starts: tuple[ColdStart, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every stage of every subject."""
        return tuple(self._row(subject, stage) for subject in self.subjects for stage in subject.samples.milliseconds)

    def row(self, subject: str, stage: str) -> Row:
        """Raises ResultError where there is none."""
        for row in self.rows:
            if (row.subject, row.stage) == (subject, stage):
                return row
        raise ResultError(f"no {stage} of {subject!r} was measured")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes no figure invalid, but must be known beside it."""
        told = (
            (self.mode == "quick", "quick: fewer samples than the rule asks for"),
            (self.mode == "trial", "trial: as many samples as were asked for"),
            (self.others is None, "other load on the machine cannot be read here"),
            (not self.start.celsius, "no temperature can be read here"),
            ("battery" in (self.start.power, self.end.power), "on battery: a device may compute more slowly then"),
            (self.start.power != self.end.power, "the power supply changed meanwhile"),
            (bool(self.code.dirty), "the code was changed since its commit"),
        )
        return tuple(text for holds, text in told if holds)

    def to_dict(self) -> dict[str, Any]:
        """As in a file."""
        return {
            "schema": SCHEMA,
            "version": SCHEMA_VERSION,
            "mode": self.mode,
            "rule": asdict(RULE),
            **{name: asdict(getattr(self, name)) for name in ("photo", "code", "machine", "start", "end")},
            "others": self.others,
            "subjects": [_subject_values(subject) for subject in self.subjects],
            "cold_starts": [asdict(one) for one in self.cold_starts],
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_json(self) -> str:
        """The text of a file."""
        return json_text(self.to_dict(), indent=1) + "\n"

    def summary(self) -> dict[str, Any]:
        """All but the raw times: for one line."""
        values = self.to_dict()
        for subject in values["subjects"]:
            del subject["samples"]
        return values

    @classmethod
    def from_json(cls, text: str, *, where: str) -> "Result":
        """Read a file. Raises ResultError, which names the value that is wrong."""
        try:
            return _result(parse(text, where=where))
        except BundleError as error:  # as the reader of JSON calls whatever is no sound value
            raise ResultError(str(error)) from error

    @classmethod
    def read(cls, path: Path) -> "Result":
        """Read a file. Raises ResultError."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), where=str(path))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ResultError(f"{path}: cannot be read ({reason})") from error

    def _row(self, subject: Subject, stage: str) -> Row:
        series = subject.samples.of(stage)
        verdict = judge(series, others=self.others)
        return Row(subject=subject.name, stage=stage, series=series, verdict=verdict, warnings=self.warnings)


def schema() -> dict[str, Any]:
    """The JSON Schema of a file."""
    return json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))


def photo_of(data: bytes, *, name: str) -> Photo:
    """What is said of a photo."""
    return Photo(name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def code_of(*, version: str, commit: str | None = None, dirty: bool | None = None) -> Code:
    """What is said of the program that runs."""
    return Code(version=version, sha256=_digest(Path(runtime.__file__).parent), commit=commit, dirty=dirty)


def _digest(package: Path) -> str:
    """Of every module, by name; of compiled ones where an app carries no others."""
    modules = sorted(package.rglob("*.py")) or sorted(package.rglob("*.pyc"))
    whole = hashlib.sha256()
    for module in modules:
        whole.update(f"{module.relative_to(package).as_posix()}\0".encode())
        whole.update(hashlib.sha256(module.read_bytes()).digest())
    return whole.hexdigest()


def _subject_values(subject: Subject) -> dict[str, Any]:
    values, samples = asdict(subject), subject.samples
    values["samples"] = {
        "seconds": samples.seconds,
        "at": list(samples.at),
        "milliseconds": {stage: list(times) for stage, times in samples.milliseconds.items()},
    }
    return values


def _result(fields: Fields) -> Result:
    if fields.values().get("schema") != SCHEMA:
        fields.fail(f"is no measurement: 'schema' is not {SCHEMA!r}; measure again with this program")
    version = fields.integer("version", low=1, high=_MOST)
    if version > SCHEMA_VERSION:
        fields.fail(f"version {version} is newer than this program (it reads 1 to {SCHEMA_VERSION}); update it")
    subjects = tuple(_subject(one) for one in fields.objects("subjects"))
    if not subjects or len({subject.name for subject in subjects}) != len(subjects):
        fields.fail("'subjects' must hold at least one, and none twice")
    return Result(
        mode=fields.one_of("mode", MODES),
        photo=_photo(fields.child("photo")),
        code=_code(fields.child("code")),
        machine=_machine(fields.child("machine")),
        start=_state(fields.child("start")),
        end=_state(fields.child("end")),
        others=fields.optional("others", lambda key: fields.number(key, low=0.0, high=1.0)),
        subjects=subjects,
        cold_starts=tuple(_cold_start(one) for one in fields.objects("cold_starts")),
    )


def _photo(fields: Fields) -> Photo:
    return Photo(
        name=fields.string("name"), bytes=fields.integer("bytes", low=0, high=_MOST), sha256=fields.text("sha256")
    )


def _code(fields: Fields) -> Code:
    return Code(
        version=fields.text("version"),
        sha256=fields.text("sha256"),
        commit=fields.optional("commit", fields.text),
        dirty=fields.optional("dirty", fields.flag),
    )


def _machine(fields: Fields) -> Machine:
    def count(key: str) -> int:
        return fields.integer(key, low=1, high=_MOST)

    return Machine(
        device=fields.optional("device", fields.string),
        processor=fields.text("processor"),
        architecture=fields.string("architecture"),
        cores=fields.optional("cores", count),
        usable_cores=fields.optional("usable_cores", count),
        memory_bytes=fields.optional("memory_bytes", count),
        system=fields.text("system"),
        python=fields.text("python"),
        packages=fields.mapping("packages", Fields.text),
    )


def _state(fields: Fields) -> State:
    return State(
        time=fields.text("time"),
        power=fields.optional("power", lambda key: fields.one_of(key, ("mains", "battery"))),
        battery_percent=fields.optional("battery_percent", fields.number),
        celsius=fields.mapping("celsius", Fields.number),
        megahertz=fields.optional("megahertz", fields.number),
    )


def _subject(fields: Fields) -> Subject:
    return Subject(
        name=fields.text("name"),
        model=_model(fields.child("model")),
        engine=fields.text("engine"),
        threads=fields.integer("threads", low=1, high=_MOST),
        provider=_provider(fields.child("provider")),
        samples=_samples(fields.child("samples")),
        peak_memory_bytes=fields.optional("peak_memory_bytes", lambda key: fields.integer(key, low=1, high=_MOST)),
        accuracy=fields.optional("accuracy", lambda key: _accuracy(fields.child(key))),
    )


def _model(fields: Fields) -> Model:
    return Model(
        **{key: fields.text(key) for key in ("model_id", "file", "format", "precision", "sha256")},
        bytes=fields.integer("bytes", low=0, high=_MOST),
    )


def _provider(fields: Fields) -> Provider:
    return Provider(requested=fields.texts("requested"), actual=fields.texts("actual"))


def _accuracy(fields: Fields) -> Accuracy:
    return Accuracy(
        source=fields.one_of("source", ("manifest", "measured")), figures=fields.mapping("figures", Fields.number)
    )


def _cold_start(fields: Fields) -> ColdStart:
    def time(key: str) -> float:
        return fields.number(key, low=0.0)

    return ColdStart(
        imports=fields.optional("imports", time), session=time("session"), first_answer=time("first_answer")
    )


def _samples(fields: Fields) -> Samples:
    at = _times(fields, "at")
    milliseconds = fields.mapping("milliseconds", _times)
    if not at or not milliseconds or any(len(times) != len(at) for times in milliseconds.values()):
        fields.fail("'milliseconds' must hold a time for each of 'at', and there must be one at least")
    return Samples(at=at, seconds=fields.number("seconds", low=0.0), milliseconds=milliseconds)


def _times(fields: Fields, key: str) -> tuple[float, ...]:
    """A list of numbers, none below zero."""
    values = fields.numbers(key)
    if any(value < 0 for value in values):
        fields.fail(f"{key!r} must hold no time below 0")
    return values
