"""What the student learns from: cross-fitted labels of seeded views, made once and found by value."""

from teacher.soft_labels.ensure import check_labels, ensure_soft_labels, soft_labels_folder, view_seeds
from teacher.soft_labels.report import REPORT_NAME, describe
from teacher.soft_labels.store import SoftLabels

__all__ = [
    "REPORT_NAME",
    "SoftLabels",
    "check_labels",
    "describe",
    "ensure_soft_labels",
    "soft_labels_folder",
    "view_seeds",
]
