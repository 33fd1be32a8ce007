"""A data root as one page: what it holds, how it is divided and weighed, what looks wrong, and pictures of it."""

from teacher.data.report.page import write_report

__all__ = ["write_report"]
