"""Several teachers: each one's labels as it makes them alone, averaged; or one line on why they cannot be."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_desk import typed
from safetensors.numpy import load_file, save_file
from scipy.special import expit, log_softmax

from distill.config import TrainConfig
from teacher.data.dataset import Dataset
from teacher.data.sample import DataError
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.evaluation.judged import judge, open_judged
from teacher.models.checkpoint import Progress
from teacher.models.config import EncoderChoice, TeacherConfig, TeacherError, TeacherNames
from teacher.models.network import Teacher
from teacher.soft_labels import (
    SoftLabels,
    check_labels,
    describe,
    ensure_soft_labels,
    ensure_view_embeddings,
    fold_teachers,
    missing_labels,
    privileged,
    soft_labels_folder,
)

TIMM = EncoderChoice(name="timm:test_efficientnet", image_size=32)


def named(config: TeacherConfig, *names: object) -> TeacherConfig:
    return TeacherNames(names=[str(name) for name in names], image_size=32).of(config)


@pytest.fixture(scope="module")
def one(small_config: TrainConfig, small_labels: SoftLabels) -> TeacherConfig:
    """A teacher whose labels are finished."""
    return small_config.teacher


@pytest.fixture(scope="module")
def two(one: TeacherConfig, small_data: Dataset) -> TeacherConfig:
    """Beside it another, whose labels are finished as well."""
    both = replace(one, others=(TIMM,))
    ensure_soft_labels(small_data, both)
    return both


@pytest.fixture
def copied(one: TeacherConfig, small_data: Dataset, tmp_path: Path) -> Path:
    """The first one's finished labels somewhere else, under a name that says nothing."""
    return shutil.copytree(
        soft_labels_folder(small_data, one), tmp_path / "labels", ignore=shutil.ignore_patterns(".*")
    )


@pytest.fixture
def untaught(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Teachers that learn nothing cost nothing; the titles of those that would have learned."""
    titles: list[str] = []

    def finetune(*_: object, title: str, **__: object) -> Progress:
        titles.append(title)
        return Progress(epoch=1, best_epoch=1, best_score=0.5, history=())

    monkeypatch.setattr(fold_teachers, "finetune", finetune)
    return titles


def alone(dataset: Dataset, config: TeacherConfig) -> list[SoftLabels]:
    return [ensure_soft_labels(dataset, member) for member in config.members]


def same(labels: SoftLabels, others: SoftLabels) -> None:
    for name, array in vars(labels).items():
        np.testing.assert_array_equal(array, vars(others)[name])


def test_the_labels_of_two_are_their_mean_in_logits(small_data: Dataset, two: TeacherConfig) -> None:
    mean, (first, second) = ensure_soft_labels(small_data, two), alone(small_data, two)
    np.testing.assert_array_equal(mean.seeds, first.seeds)
    np.testing.assert_allclose(mean.malignancy, (first.malignancy + second.malignancy) / 2, rtol=1e-5, atol=1e-6)
    logits = (log_softmax(first.conditions, axis=-1) + log_softmax(second.conditions, axis=-1)) / 2
    np.testing.assert_allclose(mean.conditions, log_softmax(logits, axis=-1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.exp(mean.conditions).sum(axis=-1), 1, rtol=1e-5)
    assert mean.malignancy.dtype == mean.conditions.dtype == np.float32


def test_their_order_is_nothing_to_the_labels(small_data: Dataset, two: TeacherConfig) -> None:
    turned = replace(two, encoder=two.others[0], others=(two.encoder,))
    same(ensure_soft_labels(small_data, turned), ensure_soft_labels(small_data, two))
    assert soft_labels_folder(small_data, turned) == soft_labels_folder(small_data, two)


def test_what_is_finished_is_not_made_again(
    small_data: Dataset, one: TeacherConfig, untaught: list[str], tmp_path: Path
) -> None:
    """Of three teachers the one that is missing; and after a kill in it, not the second one either."""
    there = soft_labels_folder(small_data, one)
    data = replace(small_data, folder=tmp_path / "cache")
    shutil.copytree(there.parent, data.folder / there.parent.name)
    three = replace(one, others=(TIMM, EncoderChoice(name="timm:test_resnet", image_size=32)))
    assert missing_labels(data, three) == ["timm:test_efficientnet", "timm:test_resnet"]
    ensure_soft_labels(data, replace(one, others=three.others[:1]))
    assert len(untaught) == one.folds
    assert missing_labels(data, three) == ["timm:test_resnet"]
    labels = ensure_soft_labels(data, three)
    assert len(untaught) == 2 * one.folds
    report = soft_labels_folder(data, three) / "report.json"
    before = report.read_bytes(), report.stat().st_mtime_ns
    same(ensure_soft_labels(data, three), labels)
    assert len(untaught) == 2 * one.folds
    assert (report.read_bytes(), report.stat().st_mtime_ns) == before


def test_the_report_says_each_and_the_mean(small_data: Dataset, two: TeacherConfig) -> None:
    ensure_soft_labels(small_data, two)
    folder = soft_labels_folder(small_data, two)
    said = describe(folder).splitlines()
    apart = [describe(soft_labels_folder(small_data, member)).splitlines() for member in two.members]
    count = len(apart[0])
    assert [line.split(",")[0] for line in said[:: count + 1]] == [
        "timm:test_efficientnet",
        "tiny",
        "the mean of these 2:",
    ]
    assert said[1 : count + 1] == apart[1]
    assert said[count + 2 : 2 * count + 2] == apart[0]
    assert not {said[-count]} & {lines[0] for lines in apart}
    figures = json.loads((folder / "report.json").read_text())
    assert figures["images"] == len(small_data.part(Part.TRAIN))
    assert sum(one["images"] for one in figures["by_source"].values()) == figures["images"]


def test_a_folder_stands_for_its_teacher(
    small_data: Dataset, one: TeacherConfig, two: TeacherConfig, copied: Path
) -> None:
    given = named(one, copied)
    assert soft_labels_folder(small_data, given) == copied
    same(ensure_soft_labels(small_data, given), ensure_soft_labels(small_data, one))
    both = replace(given, others=two.others)
    np.testing.assert_allclose(
        ensure_soft_labels(small_data, both).malignancy, ensure_soft_labels(small_data, two).malignancy, rtol=1e-6
    )


def test_a_mean_is_called_by_what_its_folders_hold(small_data: Dataset, two: TeacherConfig, copied: Path) -> None:
    given = replace(two, encoder=EncoderChoice(name=str(copied)))
    before = soft_labels_folder(small_data, given)
    moved = copied.rename(copied.with_name("elsewhere"))
    assert soft_labels_folder(small_data, replace(two, encoder=EncoderChoice(name=str(moved)))) == before
    told = json.loads((moved / "fold0-together.json").read_text())
    (moved / "fold0-together.json").write_text(json.dumps({**told, "validation_auc_heads": 0.5}))
    assert soft_labels_folder(small_data, replace(two, encoder=EncoderChoice(name=str(moved)))) != before


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"views": 3}, "--views 2 where this command has --views 3"),
        ({"seed": 4}, "--seed 0 where this command has --seed 4"),
        ({"views": 3, "seed": 4}, "--views 2, --seed 0 where this command has --views 3, --seed 4"),
        ({"views": 1, "seed": 4}, "of other views, --seed 0 where this command has --seed 4"),
    ],
)
def test_other_views_are_refused(
    changed: dict[str, int], words: str, small_data: Dataset, one: TeacherConfig, copied: Path, untaught: list[str]
) -> None:
    for config in (named(one, copied), named(one, "tiny", copied)):
        with pytest.raises(TeacherError, match=words):
            ensure_soft_labels(small_data, replace(config, **changed))
    assert not untaught


def test_a_folder_serves_those_who_want_its_first_views_only(
    small_data: Dataset, one: TeacherConfig, copied: Path, untaught: list[str]
) -> None:
    """So that what more views are worth is known without asking the teacher again."""
    whole, few = (replace(named(one, copied), views=views) for views in (one.views, 1))
    all_labels, labels = ensure_soft_labels(small_data, whole), ensure_soft_labels(small_data, few)
    assert labels.seeds.shape == (len(all_labels.seeds), 1)
    for name in ("seeds", "malignancy", "conditions"):
        np.testing.assert_array_equal(getattr(labels, name), getattr(all_labels, name)[:, :1])
    seen = ensure_view_embeddings(small_data, few)
    np.testing.assert_array_equal(seen.rows, ensure_view_embeddings(small_data, whole).rows[:, :1])
    assert not untaught


def test_views_of_another_kind_are_refused(small_data: Dataset, one: TeacherConfig, copied: Path) -> None:
    plain = replace(one, finetune=replace(one.finetune, view=ViewConfig(bridging=False)))
    with pytest.raises(TeacherError, match="--bridging where this command has --no-bridging"):
        ensure_soft_labels(small_data, named(plain, copied))


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def without_report(folder: Path) -> None:
    (folder / "report.json").unlink()


def without_a_shard(folder: Path) -> None:
    next(folder.glob("labels-fold*.safetensors")).unlink()


def of_views_not_drawn(folder: Path) -> None:
    alter(folder, lambda arrays: {**arrays, "seeds": arrays["seeds"] + 1})


def of_another_label(folder: Path) -> None:
    table = (folder / "learned.csv").read_text()
    (folder / "learned.csv").write_text(table.replace(",1,0\n", ",0,0\n", 1))


def with_a_broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{}")


def alter(folder: Path, change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> None:
    for path in folder.glob("labels-fold*.safetensors"):
        names = path.read_bytes()
        length = int.from_bytes(names[:8], "little")
        metadata = json.loads(names[8 : 8 + length])["__metadata__"]
        save_file(change(load_file(path)), path, metadata=metadata)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (emptied, "neither a SigLIP checkpoint .* nor finished soft labels"),
        (without_report, "unfinished soft labels; the command that makes them"),
        (without_a_shard, "have no label in it"),
        (of_views_not_drawn, "no longer drawn"),
        (of_another_label, "learned from other data than this"),
        (with_a_broken_config, "no stored teacher that this version can read"),
    ],
)
def test_a_folder_that_does_not_fit_is_one_line(
    damage: Callable[[Path], None],
    words: str,
    small_data: Dataset,
    one: TeacherConfig,
    copied: Path,
    untaught: list[str],
) -> None:
    damage(copied)
    for names in ([copied], ["timm:test_resnet", copied]):
        with pytest.raises(TeacherError, match=words) as refused:
            ensure_soft_labels(small_data, named(one, *names))
        assert str(copied) in str(refused.value)
    assert not untaught


def test_one_that_cannot_be_had_is_said_before_the_others_take_hours(
    small_data: Dataset, one: TeacherConfig, two: TeacherConfig, untaught: list[str]
) -> None:
    wrong = {
        ("timm:test_resnet", "timm:nonsense"): "timm knows no model nonsense",
        ("timm:test_resnet", "tiny", "tiny"): "tiny: named twice",
        ("tiny", soft_labels_folder(small_data, one)): "named twice",
        ("timm:test_resnet", soft_labels_folder(small_data, two)): "name its teachers one by one",
    }
    for names, words in wrong.items():
        with pytest.raises(TeacherError, match=words):
            ensure_soft_labels(small_data, named(one, *names))
    assert not untaught


def test_each_timm_teacher_has_its_own_trunk_file(one: TeacherConfig) -> None:
    names = ["timm:a", "tiny", "timm:b"]
    files = [Path("a.safetensors"), Path("b.safetensors")]
    found = TeacherNames(names=names, inits=files, image_size=96).of(one).members
    assert [member.encoder.name for member in found] == names
    assert [member.encoder.init for member in found] == [files[0], None, files[1]]
    assert [member.encoder.image_size for member in found] == [96, None, 96], "tiny keeps the labels it has by itself"
    none = TeacherNames(names=names).of(one).members
    assert [member.encoder.init for member in none] == [None, None, None]
    for wrong in ([Path("a")], [Path("a")] * 3):
        with pytest.raises(TeacherError, match=f"{len(wrong)} given for 2 of these; give one file for each"):
            TeacherNames(names=names, inits=wrong).of(one)


def test_what_is_checked_is_every_teacher(
    small_data: Dataset, one: TeacherConfig, two: TeacherConfig, copied: Path
) -> None:
    assert check_labels(small_data, two, count=10) < 1e-4
    given = replace(two, encoder=EncoderChoice(name=str(copied)))
    assert check_labels(small_data, given, count=10) < 1e-4
    alter(copied, lambda arrays: {**arrays, "malignancy": arrays["malignancy"] + 1})
    with pytest.raises(TeacherError, match=f"{copied}: the stored label of .* says"):
        check_labels(small_data, given, count=100)
    with pytest.raises(TeacherError, match="no finished soft labels of timm:test_resnet for this data"):
        check_labels(small_data, named(one, "tiny", "timm:test_resnet"), count=1)


def test_dermoscopy_is_leaned_on_once_they_are_averaged(
    small_data: Dataset, two: TeacherConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privileged, "dermoscopic_twins", lambda _: {0: np.array([1, 2])})
    mean, leaning = (ensure_soft_labels(small_data, replace(two, privileged=share)) for share in (0.0, 0.5))
    twins = mean.malignancy[[1, 2]].mean()
    np.testing.assert_allclose(leaning.malignancy[0], (mean.malignancy[0] + twins) / 2, rtol=1e-5)
    np.testing.assert_array_equal(leaning.malignancy[1:], mean.malignancy[1:])


def test_a_mean_is_judged_as_one_teacher_is(small_data: Dataset, two: TeacherConfig) -> None:
    ensure_soft_labels(small_data, two)
    indices = small_data.part(Part.TEST)[:40]
    both = [open_judged(str(soft_labels_folder(small_data, config))) for config in (two, *two.members)]
    mean, first, second = (judge(judged, small_data, indices) for judged in both)

    def logit(shares: np.ndarray) -> np.ndarray:
        return np.log(shares / (1 - shares))

    np.testing.assert_allclose(
        mean.malignancy, expit((logit(first.malignancy) + logit(second.malignancy)) / 2), rtol=1e-4
    )
    shares = np.sqrt(first.conditions * second.conditions)
    np.testing.assert_allclose(mean.conditions, shares / shares.sum(axis=1, keepdims=True), rtol=1e-4)


@pytest.mark.parametrize("content", ["{", "[]", '{"mean_of": 5}', '{"mean_of": [{}]}'])
def test_a_report_of_something_else_is_no_mean(content: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(DataError, match="nor a folder of soft labels"):
        open_judged(str(tmp_path))


def test_one_command_makes_all_of_them(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], untaught: list[str]
) -> None:
    asked = ("--data", ham_root, "--cache", tmp_path / "cache", "--views", 1, "--image-size", 32, "--teacher-size", 32)
    both = ("--teacher", "tiny", "--teacher", "timm:test_efficientnet")

    def soft_labels(*more: object):
        return typed("teacher", "soft-labels", *asked, *more, capsys=capsys)

    said = soft_labels(*both)
    assert said.code == 0, said.err
    assert len(untaught) == 4
    assert "the mean of these 2:" in said.out
    place = Path(said.out.splitlines()[-1])
    assert place.name.startswith("soft-labels-mean-")
    assert soft_labels(*both).out == said.out
    tiny = next((tmp_path / "cache").glob("*/soft-labels-tiny-*/*"))
    assert len(list(tiny.parent.parent.glob("soft-labels-tiny-*"))) == 1
    by_folder = soft_labels("--teacher", "timm:test_efficientnet", "--teacher", tiny)
    assert by_folder.out.splitlines()[-1] == str(place)
    assert len(untaught) == 4, "nothing was made again"
    checked = soft_labels(*both, "--check", 5)
    assert "5 stored labels of each of 2 teachers computed again" in checked.out
    for more, words in (
        (("--teacher", tiny, "--views", 2), "--views 1 where this command has --views 2"),
        ((*both, "--teacher-init", "a", "--teacher-init", "b"), "2 given for 1"),
        (("--teacher", "tiny", "--teacher-init", "a"), "--teacher-init goes with a timm: teacher"),
        (("--teacher", tmp_path), "neither a SigLIP checkpoint"),
    ):
        refused = soft_labels(*more)
        assert refused.code == 1
        assert words in refused.error
    assert len(untaught) == 4


def test_a_checkpoint_folder_with_other_weights_is_another_teacher(
    small_data: Dataset, one: TeacherConfig, tmp_path: Path
) -> None:
    folder, tower = tmp_path / "my-siglip", Teacher(EncoderChoice()).encoder.tower
    tower.save_pretrained(folder)
    config = named(one, folder)
    before = soft_labels_folder(small_data, config)
    (folder / "README.md").write_text("a card decides nothing")
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes())
    assert soft_labels_folder(small_data, config) == before
    tower.post_layernorm.bias.data += 1
    tower.save_pretrained(folder)
    after = soft_labels_folder(small_data, config)
    assert after.parent != before.parent
    described = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**described, "layer_norm_eps": 0.5}))
    assert soft_labels_folder(small_data, config).parent not in (before.parent, after.parent)


def test_labels_of_before_are_still_found(small_data: Dataset) -> None:
    """Whoever changes this name lets hours of teaching be done again: as DECODING or VIEW_VERSION do, knowingly."""
    data = replace(small_data, pixels=np.zeros((0, 224, 224, 3), dtype=np.uint8))
    config = TeacherConfig(encoder=EncoderChoice(name="timm:test_efficientnet"), seed=3)
    for one in (config, replace(config, privileged=0.5)):
        assert soft_labels_folder(data, one).parent.name == "soft-labels-timm-test_efficientnet-7636c7e8ee60"


@pytest.mark.slow
def test_two_processes_average_what_one_does(
    small_data: Dataset, small_config: TrainConfig, two: TeacherConfig
) -> None:
    """Its report is of the same labels, written once, and said once."""
    report = soft_labels_folder(small_data, two) / "report.json"
    before = report.read_bytes()
    report.unlink()
    asked = ["--image-size", "64", "--synthetic-count", "200", "--cache", str(small_config.data.cache), "--views", "2"]
    asked += ["--teacher-epochs", "1", "--teacher", "tiny", "--teacher", TIMM.name, "--teacher-size", "32"]
    launcher = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "teacher", "soft-labels"]
    run = subprocess.run([sys.executable, "-m", *launcher, *asked], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("the mean of these 2:") == 1
    assert report.read_bytes() == before
