"""What the student learns from: cross-fitted labels of seeded views, made once and found by value."""

from teacher.soft_labels.ensure import is_finished, stored_config, view_seeds
from teacher.soft_labels.fold_teachers import FoldTeachers, Said, together
from teacher.soft_labels.report import REPORT_NAME, averaged_sets, describe
from teacher.soft_labels.several import (
    check_labels,
    ensure_plain_labels,
    ensure_soft_labels,
    ensure_view_embeddings,
    missing_labels,
    soft_labels_folder,
)
from teacher.soft_labels.store import SoftLabels, ViewEmbeddings

__all__ = [
    "REPORT_NAME",
    "FoldTeachers",
    "Said",
    "SoftLabels",
    "ViewEmbeddings",
    "averaged_sets",
    "check_labels",
    "describe",
    "ensure_plain_labels",
    "ensure_soft_labels",
    "ensure_view_embeddings",
    "is_finished",
    "missing_labels",
    "soft_labels_folder",
    "stored_config",
    "together",
    "view_seeds",
]
