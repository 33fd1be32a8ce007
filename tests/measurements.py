"""A small measurement that was never made, for those who test what is done with one."""

from collections.abc import Sequence

from runtime.measure.machine import Machine, State
from runtime.measure.result import Accuracy, Code, ColdStart, Model, Photo, Provider, Result, Subject
from runtime.measure.series import Samples

SHA = "0123456789abcdef" * 4


def steady(p50: float, count: int = 1024) -> list[float]:
    """Times that keep to the rule, if they take a minute."""
    return [p50 * (1 + 0.002 * (index % 5 - 2)) for index in range(count)]


def result(
    total: Sequence[float] = (20.0, 21.0, 22.0, 23.0),
    *,
    seconds: float = 0.5,
    mode: str = "full",
    processor: str = "Fast CPU @ 3 GHz",
    threads: int = 2,
    onnxruntime: str = "1.26.0",
    others: float | None = 0.01,
    photo: str = SHA,
    device: str | None = None,
    subject: str = "onnx int8",
) -> Result:
    state = State(
        time="2026-03-01T00:00:00+00:00", power="mains", battery_percent=None, celsius={"cpu": 40.0}, megahertz=None
    )
    samples = Samples(
        at=tuple(index * seconds / len(total) for index in range(len(total))),
        seconds=seconds,
        milliseconds={"model": tuple(time / 2 for time in total), "total": tuple(total)},
    )
    return Result(
        mode=mode,
        photo=Photo(name="spot.jpg", bytes=3_000_000, sha256=photo),
        code=Code(version="0.1.0", sha256=SHA, commit="abc", dirty=False),
        machine=Machine(
            device=device,
            processor=processor,
            architecture="x86_64",
            cores=2,
            usable_cores=2,
            memory_bytes=8_000_000_000,
            system="Linux",
            python="3.12.1",
            packages={"onnxruntime": onnxruntime, "numpy": "2.2.6"},
        ),
        start=state,
        end=state,
        others=others,
        subjects=(
            Subject(
                name=subject,
                model=Model(
                    model_id="default", file="model.onnx", format="onnx", precision="int8", bytes=4_000_000, sha256=SHA
                ),
                engine=f"onnxruntime {onnxruntime}",
                threads=threads,
                provider=Provider(requested=("CPUExecutionProvider",), actual=("CPUExecutionProvider",)),
                samples=samples,
                peak_memory_bytes=100_000_000,
                accuracy=Accuracy(source="manifest", figures={"malignancy_auc": 0.9}),
            ),
        ),
        cold_starts=(ColdStart(imports=300.0, session=80.0, first_answer=60.0),),
    )
