"""What `teacher compare` is asked for; read before anything that computes is loaded."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from teacher.data.sampling import SamplingConfig
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is compared, beside a frozen encoder, and where the outcome goes."""

    fine_tuned: Annotated[Path | None, OPTION] = None
    """folder of soft labels, as `teacher soft-labels` prints it, whose fold teachers are compared too, cross-fitted"""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    out: Annotated[Path, OPTION] = Path("artifacts/compare.json")
    """where the JSON goes; the picture beside it"""


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """Which classifier is taught and asked, and where the outcome goes."""

    classifier: Annotated[Literal["logistic", "mlp", "xgboost"], OPTION] = "logistic"
    """on the frozen encoder's embeddings"""
    out: Annotated[Path, OPTION] = Path("artifacts/cross_domain.json")
    """where the JSON goes; the picture beside it"""
