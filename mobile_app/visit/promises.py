"""What the app says of where a photo goes and what becomes of what is kept: each sentence follows from what is so."""

from dataclasses import dataclass

from mobile_app.locales import Texts
from mobile_app.visit.session import Kept


@dataclass(frozen=True, kw_only=True)
class Promises:
    """How the program was started, and where this session's store lies."""

    as_page: bool = False
    """in a browser"""
    elsewhere: bool = False
    """photos travel to another computer to be judged"""
    forget_after: int = 0
    """minutes for which the visit of a closed page is still there"""
    kept: Kept

    def where(self, texts: Texts) -> str:
        """One line: where the photo goes."""
        start = texts.start
        if self.kept.shared:
            return start.kept_for_all
        if self.elsewhere:
            return start.on_that_computer
        return start.on_this_computer if self.as_page and self.kept.session_only else start.on_this_device

    def steps(self, texts: Texts) -> tuple[tuple[str, str], ...]:
        """The introduction: the second step says who judges, and what becomes of it."""
        first, (title, text), *rest = texts.start.steps
        if self.elsewhere:
            title, text = texts.start.judged_elsewhere
        return first, (title, f"{text} {self._forgetting(texts)}".strip()), *rest

    def about(self, texts: Texts) -> str:
        """What this app is."""
        return texts.settings.about_elsewhere if self.elsewhere else texts.settings.about_text

    def measured(self, texts: Texts) -> tuple[str, str]:
        """What is measured, and what to know before."""
        measure = texts.measure
        if self.elsewhere:
            return measure.measure_there, measure.measured_there
        return measure.measure_here, measure.measured_here

    def storage(self, texts: Texts) -> str:
        """Of what is kept: who sees it, whether it is encrypted, when it goes."""
        typed = texts.start.typed_in_tab if self.as_page else ""
        return " ".join(part for part in (self._lying(texts), typed, self._forgetting(texts)) if part)

    def restarted(self, texts: Texts, *, typed: bool) -> str:
        """The program behind the page was stopped and started again: what is gone with it, and what is not."""
        start = texts.start
        gone = start.restarted_all_gone if self.kept.session_only or self.kept.store is None else start.restarted
        return f"{gone} {start.restarted_typed}" if typed else gone

    def _lying(self, texts: Texts) -> str:
        kept, settings = self.kept, texts.settings
        if kept.shared:
            return texts.start.kept_for_all
        if kept.session_only:
            return settings.sealed_for_visit if kept.sealed else settings.session_only
        return settings.protected if kept.sealed else settings.not_protected

    def _forgetting(self, texts: Texts) -> str:
        """Only a page has visits that end."""
        if not self.as_page:
            return ""
        start = texts.start
        return start.visit_ends.format(minutes=self.forget_after) if self.forget_after else start.visit_ends_at_once
