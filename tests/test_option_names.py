"""The names of every command's options: whoever renames one, or takes one away, does it here too, and knowingly."""

import re
from importlib import import_module
from typing import Any

import pytest
import typer

from benchmarks.cli import command_of

EXPORT = """
    --confidence --coverage --examples --fine-tune --formats --frame-side --frames --keep-going --licence --max-auc-drop
    --max-mean-difference --max-sensitivity-drop --min-condition-agreement --min-tier-agreement --name
    --no-examples --no-fine-tune --novelty-rejection --onnx-recipe --out --precisions --prevalence --quick --run --runs
    --target-sensitivity --target-specificity --tflite-recipe
"""

TABLE = {
    "teacher data": "--cache --data --forget --image-size --no-photos --photos --report --seed --synthetic-count",
    "teacher download": "--data --per-host dataset_name",
    "teacher duplicates": "--cache --data --seed --sheet",
    "teacher evaluate": """
        --beside --cache --count --data --distorted --mistakes --part --report --robustness --seed --synthetic-count
        --threshold what
    """,
    "teacher compare": """
        --bridging --cache --cell-power --data --embed-precision --fine-tuned --image-size --limit --no-bridging --out
        --sampling-power --seed --synthetic-count --teacher --teacher-init --teacher-size --views --weights-in
    """,
    "teacher cross-domain": """
        --cache --classifier --data --embed-precision --image-size --limit --out --seed --synthetic-count --teacher
        --teacher-init --teacher-size
    """,
    "teacher focused": """
        --bridging --cache --classifier --data --embed-precision --image-size --limit --no-bridging --out --seed
        --synthetic-count --teacher --teacher-init --teacher-size --views
    """,
    "teacher embed": """
        --bridging --cache --data --embed-precision --image-size --limit --no-bridging --part --seed --synthetic-count
        --teacher --teacher-init --teacher-size --views
    """,
    "teacher labels": "dataset_name",
    "teacher preset": "--drawings --judged --rounds --views out",
    "teacher soft-labels": """
        --bridging --cache --cell-power --check --data --folds --image-size --no-bridging --precision --privileged
        --sampling-power --seed --synthetic-count --teacher --teacher-batch --teacher-blocks --teacher-checkpointing
        --teacher-ema --teacher-epochs --teacher-init --teacher-kept-views --teacher-layer-decay --teacher-lr
        --teacher-seeds --teacher-size --views --weights-in
    """,
    "distill train": """
        --batch-size --bridging --cache --cell-power --checkpoint-minutes --compile --data --drop-rate --ema-decay
        --epochs --feature-weight --folds --image-size --init --label-smoothing --labels --loss --lr --mixup --name
        --no-bridging --precision --privileged --resume --runs --sampling-power --seed --soft-temperature
        --soft-weight --student --synthetic-count --teacher --teacher-batch --teacher-blocks --teacher-checkpointing
        --teacher-ema --teacher-epochs --teacher-init --teacher-kept-views --teacher-layer-decay --teacher-lr
        --teacher-seeds --teacher-size --tensorboard --train-size --views --weight-decay --weights-in
    """,
    "distill common-prior": "--name --runs run",
    "distill sweep": "--dry-run --runs file",
    "distill evaluate": """
        --beside --count --data --distorted --mistakes --part --report --robustness --threshold run
    """,
    "distill quantize": """
        --batch-size --float-convolutions --label-weight --lr --range-lr --seed --steps --train-size run
    """,
    "export all": EXPORT,
    "export onnx": EXPORT,
    "export tflite": EXPORT,
    "export coreml": EXPORT,
    "export saved_model": EXPORT,
    "export check": "--run --with bundle",
    "export teacher": """
        --cache --confidence --coverage --data --examples --fold --keep-going --licence --name --no-examples
        --novelty-rejection --out --precisions --prevalence --seed --synthetic-count --target-sensitivity
        --target-specificity folder
    """,
    "export calibrate": """
        --confidence --coverage --novelty-rejection --out --prevalence --run --runs --sensitivity --specificity bundle
    """,
    "export keys": "folder",
    "export sign": "--key bundle",
    "export recover": "--cache --data --name --runs --seed --synthetic-count bundle",
    "export formats": "",
    "benchmarks all": """
        --again --beside --bundle --cache --data --no-lesion --only --out --peer-python --photos --quick --run
    """,
    "benchmarks arm64": "--bundle --cache --count --cpu --file --inside --out --photos --python",
    "benchmarks calibration": "--bundle --confidence --out --run --seed --sensitivity --splits",
    "benchmarks collect": "--known --out --stage results",
    "benchmarks colours": "--bundle --count --out --photos",
    "benchmarks compare": "--anyway --out --seed first second",
    "benchmarks damage": "--bundle --count --format --out --photos --seed",
    "benchmarks embed": "--count --out --photos --rounds --square --teacher --teacher-init --teacher-size",
    "benchmarks formats": "--bundles --fine-tune --no-fine-tune --out --peer-python --rounds --run",
    "benchmarks framing": "--bundle --count --out --photos --repeats --timed",
    "benchmarks latency": """
        --accuracy-photos --alone --bundle --out --photo --quick --repeats --run --starts --sustained --threads --warmup
    """,
    "benchmarks novelty": "--bundle --out --photos --run",
    "benchmarks leak": "--cache --count --data --image-size --init --out --seeds --trunk",
    "benchmarks memory": "--out --records --seed",
    "benchmarks packing": "--out --root",
    "benchmarks quality": "--count --data --out",
    "benchmarks reference": """
        --bundle --fp32 --out --peer-python --photo --quick --repeats --run --sustained --threads --warmup
    """,
    "benchmarks roofline": "--out --run",
    "benchmarks service": "--bundle --clients --out --requests",
    "benchmarks speed": "--bundle --fp32 --no-options --options --out --photo --repeats --starts --threads",
    "benchmarks table": "--into --report",
    "benchmarks online": """
        --batch-size --count --epochs --out --precision --rounds --size --student --teacher --views --workers
    """,
    "benchmarks spurious": "--count --epochs --out --seeds",
    "benchmarks verdicts": "--bundle --out --rows",
    "benchmarks views": "--out --photos --rounds --size --square --views",
}
"""Arguments stand without dashes."""

PARSED = {
    "runtime": "--bundle --explain --help --json --lang --out --public-key --threads",
    "mobile_app": "--bundle --forget-after --help --host --http --https --keep --port --web",
}
"""Commands of argparse."""


def command(words: str) -> Any:
    package, name = words.split()
    if package == "benchmarks":
        return command_of(name)
    group: Any = typer.main.get_command(import_module(f"{package}.cli").app)
    return group.commands[name]


@pytest.mark.parametrize("words", TABLE)
def test_options_keep_their_names_and_have_a_help(words: str) -> None:
    parameters = command(words).params
    names = sorted(name for one in parameters for name in (*one.opts, *one.secondary_opts))
    assert names == TABLE[words].split()
    assert all(one.help for one in parameters)


def test_no_command_is_missing_from_the_table() -> None:
    packages = ("teacher", "distill", "export", "benchmarks")
    groups: dict[str, Any] = {name: typer.main.get_command(import_module(f"{name}.cli").app) for name in packages}
    listed = {f"{name} {one}" for name, group in groups.items() for one in group.list_commands(None)}
    assert listed == set(TABLE)


@pytest.mark.parametrize("package", PARSED)
def test_the_device_commands_keep_their_options(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        import_module(f"{package}.cli").main(["--help"])
    shown = capsys.readouterr().out
    assert sorted(set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", shown, re.M))) == PARSED[package].split()
