"""All that decides a teacher, beside the data. No torch here: the command line reads it before anything is loaded."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from runtime.errors import SkintagError
from teacher.data.sampling import SamplingConfig
from teacher.data.views import ViewConfig
from teacher.options import OPTION, above_zero

Precision = Literal["float32", "bfloat16", "float16", "auto"]
"""Of the arithmetic; "auto" is bfloat16 on a GPU that computes in it and float32 elsewhere."""

ANSWER_BATCH = 64
"""Views a network is asked about at once."""

TIMM_PREFIX = "timm:"
"""How a teacher's name says that the rest is timm's."""

ENCODER_OPTIONS = frozenset({"teacher", "teacher_init", "teacher_size"})
"""Of one encoder; a command that averages several has those of `TeacherNames` instead."""


class TeacherError(SkintagError):
    """A teacher that cannot be built or used; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class EncoderChoice:
    """Which encoder the teacher stands on."""

    name: Annotated[str, typer.Option("--teacher")] = "tiny"
    """the preset tiny, a SigLIP or SigLIP 2 checkpoint (hub name or local folder), or timm:NAME"""
    init: Annotated[Path | None, typer.Option("--teacher-init")] = None
    """pretrained trunk of a timm teacher, a safetensors file"""
    image_size: Annotated[int | None, typer.Option("--teacher-size", min=32)] = None
    """input side of a timm teacher, where its architecture leaves it open"""


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """How a teacher learns."""

    epochs: Annotated[int, typer.Option("--teacher-epochs", min=1)] = 12
    """fine-tuning epochs of the teacher"""
    blocks: Annotated[int | None, typer.Option("--teacher-blocks", min=0)] = None
    """last blocks of the encoder that learn, with the two heads; without it all of them

    A pretrained SigLIP wants 4; the others answer once per view, without gradients."""
    kept_views: Annotated[int, typer.Option("--teacher-kept-views", min=0)] = 0
    """views of each image that are drawn once, and what the frozen blocks say of them kept; 0: new views every epoch"""
    batch_size: Annotated[int, typer.Option("--teacher-batch", min=2)] = 32
    """images per step of the teacher, over all processes"""
    lr: Annotated[float, typer.Option("--teacher-lr", callback=above_zero)] = 1e-3
    """peak learning rate of the teacher; a pretrained encoder wants about 3e-4, the preset tiny 1e-4"""
    layer_decay: Annotated[float, typer.Option("--teacher-layer-decay", min=0.1, max=1)] = 1.0
    """learning rate of each block of the teacher over that of the next one; 0.8 for a pretrained encoder

    Clark et al. 2020 (ELECTRA, arXiv:2003.10555)."""
    weight_decay: float = 0.02
    warmup_share: float = 0.1
    """of all steps"""
    ema_decay: Annotated[float, typer.Option("--teacher-ema", min=0, max=0.99999)] = 0.99
    """of the teacher's averaged weights, which are validated and kept; 0 keeps the last ones"""
    checkpointing: Annotated[bool, typer.Option("--teacher-checkpointing")] = False
    """compute each block again on the way back instead of keeping its insides: less memory, a third more time"""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    precision: Annotated[Precision, OPTION] = "float32"
    """of the arithmetic: bfloat16 is faster where the CPU has it (AVX512-BF16), auto takes it on a GPU"""
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""
    view: ViewConfig = field(default_factory=ViewConfig)
    """of the views that the teacher learns from and is then asked about, and that the student sees"""


@dataclass(frozen=True, kw_only=True)
class BoosterConfig:
    """Small trees on random tenths of the embedding: with a thousand samples deeper ones repeat the labels."""

    rounds: int = 60
    depth: int = 3
    learning_rate: float = 0.15
    column_share: float = 0.2
    row_share: float = 0.7
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class TeacherConfig:
    """All that decides a set of soft labels, beside the data."""

    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    booster: BoosterConfig = field(default_factory=BoosterConfig)
    folds: Annotated[int, typer.Option(min=2)] = 2
    """cross-fitting folds of the teacher"""
    seeds: Annotated[int, typer.Option("--teacher-seeds", min=1)] = 1
    """teachers of each fold, from neighbouring seeds, whose answers are averaged"""
    views: Annotated[int, typer.Option(min=1)] = 8
    """seeded views per training image"""
    others: tuple[EncoderChoice, ...] = ()
    """further teachers, made in the same way, whose answers are averaged with those of `encoder`

    The name of any may be that of a folder of finished soft labels, which then are its answers."""
    privileged: Annotated[float, typer.Option(min=0, max=1)] = 0.0
    """how far the label of a photo leans on what the teacher says of the same lesion's dermoscopic image

    In shares of the logits, of photos without a dermatoscope whose lesion has such an image in the training part."""
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""

    @property
    def members(self) -> tuple["TeacherConfig", ...]:
        """The same for each teacher by itself, in the order they were named in."""
        return tuple(replace(self, encoder=one, others=()) for one in (self.encoder, *self.others))


@dataclass(frozen=True, kw_only=True)
class TeacherNames:
    """Which teachers the soft labels are of: one, or the mean of several."""

    names: Annotated[list[str], typer.Option("--teacher")] = field(default_factory=lambda: [EncoderChoice().name])
    """the preset tiny, a SigLIP or SigLIP 2 checkpoint (hub name or local folder), timm:NAME, or a folder of finished
    soft labels; several times for the mean of several"""
    inits: Annotated[list[Path], typer.Option("--teacher-init")] = field(default_factory=list)
    """pretrained trunk of a timm teacher, a safetensors file; once for each of them, in their order"""
    image_size: Annotated[int | None, typer.Option("--teacher-size", min=32)] = None
    """input side of the timm teachers, where their architecture leaves it open"""

    def of(self, config: TeacherConfig) -> TeacherConfig:
        """The configuration with these teachers. Raises TeacherError where the trunk files do not fit them."""
        first, *others = self._choices()
        return replace(config, encoder=first, others=tuple(others))

    def _choices(self) -> list[EncoderChoice]:
        timm = [name.startswith(TIMM_PREFIX) for name in self.names]
        if self.inits and len(self.inits) != sum(timm):
            raise TeacherError(
                f"--teacher-init goes with a {TIMM_PREFIX} teacher: {len(self.inits)} given for {sum(timm)} of these; "
                "give one file for each, in their order, or none"
            )
        files = iter(self.inits)
        alone = len(timm) == 1  # beside others what is no timm teacher keeps the labels that it has by itself
        return [
            EncoderChoice(
                name=name, init=next(files, None) if own else None, image_size=self.image_size if own or alone else None
            )
            for name, own in zip(self.names, timm, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class PresetConfig:
    """How the weights of a preset are made."""

    preset: str = "tiny"
    rounds: Annotated[int, typer.Option(min=1)] = 8
    """rounds of new drawings"""
    drawings: Annotated[int, typer.Option(min=2)] = 800
    """drawings of a round"""
    views: Annotated[int, typer.Option(min=1)] = 4
    """views of each drawing"""
    judged: Annotated[int, typer.Option(min=2)] = 2000
    """drawings that the finished weights are judged on"""
    batch_size: int = 64
    lr: float = 1e-3
    """peak learning rate of vectors, embeddings and heads"""
    matrix_lr: float = 2e-3
    """peak learning rate of the matrices, in AdamW's terms"""
    weight_decay: float = 0.02
    warmup_steps: int = 75
    falling_share: float = 0.3
    """of the rounds: the last ones, over which the learning rate falls to nothing"""
    ema_decay: float = 0.995
    seed: int = 0
    """of the first weights and of the views"""

    @property
    def steps_per_round(self) -> int:
        return -(-self.drawings * self.views // self.batch_size)

    @property
    def even_rounds(self) -> int:
        """The rounds before the learning rate falls: whatever `rounds` is, they are the same."""
        return self.rounds - math.ceil(self.falling_share * self.rounds)
