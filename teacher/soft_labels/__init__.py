"""What the student learns from: cross-fitted labels of seeded views, made once and found by value."""

from teacher.soft_labels.ensure import check_labels, ensure_soft_labels, soft_labels_folder, stored_config, view_seeds
from teacher.soft_labels.fold_teachers import FoldTeachers, together
from teacher.soft_labels.report import REPORT_NAME, describe
from teacher.soft_labels.store import SoftLabels

__all__ = [
    "REPORT_NAME",
    "FoldTeachers",
    "SoftLabels",
    "check_labels",
    "describe",
    "ensure_soft_labels",
    "soft_labels_folder",
    "stored_config",
    "together",
    "view_seeds",
]
