"""Seeded views of a photo: what a teacher judged is what the student sees, drawn again from the seed."""

from teacher.data.views.view import VIEW_VERSION, ViewConfig, make_view, plain_view

__all__ = ["VIEW_VERSION", "ViewConfig", "make_view", "plain_view"]
