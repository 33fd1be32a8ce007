"""What runs on the device: a photo in, "how soon should someone look at this?" out. numpy, pillow, onnxruntime only.

from runtime import Triage

report = Triage.load().assess("photo.jpg")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.answer.advice import Advice
    from runtime.answer.report import ConditionScore, Report
    from runtime.assess import Triage
    from runtime.errors import BundleError, EngineError, PhotoError, SkintagError
    from runtime.many import find_photos
    from runtime.photo.quality import QualityProblem
    from runtime.triage import Reason, Tier

_HOMES = {
    "Advice": "answer.advice",
    "BundleError": "errors",
    "ConditionScore": "answer.report",
    "EngineError": "errors",
    "PhotoError": "errors",
    "QualityProblem": "photo.quality",
    "Reason": "triage",
    "Report": "answer.report",
    "SkintagError": "errors",
    "Tier": "triage",
    "Triage": "assess",
    "find_photos": "many",
}

__all__ = [
    "Advice",
    "BundleError",
    "ConditionScore",
    "EngineError",
    "PhotoError",
    "QualityProblem",
    "Reason",
    "Report",
    "SkintagError",
    "Tier",
    "Triage",
    "find_photos",
]


def __getattr__(name: str) -> Any:
    """Import on first use (PEP 562): a trainer that needs `runtime.conditions` loads no engine."""
    if name not in _HOMES:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    return getattr(import_module(f"runtime.{_HOMES[name]}"), name)
