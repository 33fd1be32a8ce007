"""Language, appearance, text size, what is kept and how to get rid of it, and what this is."""

from collections.abc import Callable

import flet as ft

from mobile_app.preferences import TEXT_SCALES, Theme
from mobile_app.views.desk import Desk
from mobile_app.views.frame import frame
from mobile_app.views.language import language_choice
from mobile_app.views.look import stack
from mobile_app.views.sure import sure
from runtime.advice import AdviceKind


def settings(desk: Desk) -> ft.Control:
    """Everything a user can set."""
    texts, look = desk.texts.settings, desk.look
    return frame(
        desk,
        look.heading(texts.title, size=22, level=2),
        look.card(language_choice(desk), _theme(desk), _text_size(desk)),
        _storage(desk),
        _about(desk),
    )


def _theme(desk: Desk) -> ft.Control:
    texts = desk.texts.settings
    labels = {Theme.SYSTEM: texts.theme_system, Theme.LIGHT: texts.theme_light, Theme.DARK: texts.theme_dark}
    return _choice(
        desk,
        texts.theme,
        options={theme.value: labels[theme] for theme in Theme},
        value=desk.session.preferences.theme.value,
        on_choice=lambda value: desk.session.set(theme=Theme(value)),
    )


def _text_size(desk: Desk) -> ft.Control:
    texts = desk.texts.settings
    return _choice(
        desk,
        texts.text_size,
        options={str(scale): label for scale, label in zip(TEXT_SCALES, texts.text_sizes, strict=True)},
        value=str(desk.session.preferences.text_scale),
        on_choice=lambda value: desk.session.set(text_scale=float(value)),
    )


def _choice(
    desk: Desk, title: str, *, options: dict[str, str], value: str, on_choice: Callable[[str], None]
) -> ft.Control:
    """One of a few, as radio buttons: each is read out with its group."""
    look = desk.look
    radios = [
        ft.Radio(
            value=key,
            label=label,
            label_style=ft.TextStyle(size=15 * look.scale, color=look.palette.text),
            active_color=look.palette.brand,
        )
        for key, label in options.items()
    ]
    group = ft.RadioGroup(
        content=ft.Row(controls=list(radios), wrap=True, spacing=12),
        value=value,
        on_change=lambda event: on_choice(str(event.control.value)),
    )
    return stack(look.words(title, bold=True), group, spacing=2)


def _storage(desk: Desk) -> ft.Control:
    texts, look, session = desk.texts.settings, desk.look, desk.session
    if session.spots is None:
        trouble = desk.texts.trouble
        return look.notice(
            f"{trouble.store_advice} {session.kept.problem}",
            title=trouble.store_title,
            icon=ft.Icons.REPORT_PROBLEM_OUTLINED,
            tone=look.palette.warning,
        )
    usage = session.spots.store.usage()
    stored = texts.stored.format(spots=usage.lesions, photos=usage.photos, megabytes=f"{usage.bytes / 1e6:.1f}")
    protection = texts.session_only if session.kept.session_only else texts.not_protected
    return look.card(
        look.heading(texts.storage),
        look.words(stored),
        look.muted(texts.protected if session.kept.sealed else protection),
        ft.Switch(
            value=session.preferences.keep_photos,
            label=texts.keep_photos,
            label_text_style=ft.TextStyle(size=15 * look.scale, color=look.palette.text),
            active_color=look.palette.brand,
            on_change=lambda event: session.set(keep_photos=bool(event.control.value)),
        ),
        look.muted(texts.keep_photos_hint),
        look.link(texts.export_all, icon=ft.Icons.ARCHIVE_OUTLINED, on_tap=desk.files.save_archive),
        _restore(desk),
        *_delete_all(desk),
    )


def _restore(desk: Desk) -> ft.Control:
    """Opens the file chooser, which a browser allows only within the tap: see `Desk.choose`."""
    action = ft.PickFiles(
        desk.files.restorer,
        file_type=ft.FilePickerFileType.CUSTOM,
        allowed_extensions=["zip"],
        with_data=True,
        cancel_upload_on_window_blur=False,
    )
    return desk.look.link(desk.texts.settings.import_all, icon=ft.Icons.UNARCHIVE_OUTLINED, action=action)


def _delete_all(desk: Desk) -> list[ft.Control]:
    """Two taps, the second one beside what it does."""
    texts, look, session = desk.texts.settings, desk.look, desk.session
    red = look.palette.tones[AdviceKind.HIGH]
    if not session.deleting_all:
        ask = look.link(
            texts.delete_all,
            icon=ft.Icons.DELETE_FOREVER_OUTLINED,
            on_tap=lambda: session.ask_to_delete_all(True),
            color=red.accent,
        )
        return [ask]
    return [sure(desk, texts.delete_all_sure, yes=session.delete_all, no=lambda: session.ask_to_delete_all(False))]


def _about(desk: Desk) -> ft.Control:
    texts, look = desk.texts.settings, desk.look
    figures = [look.muted(f"{name}: {value}") for name, value in desk.files.model_figures()]
    return look.card(
        look.heading(texts.about),
        look.words(texts.about_text),
        *([look.words(texts.figures, bold=True), *figures] if figures else []),
        look.link(texts.introduction, icon=ft.Icons.REPLAY, on_tap=desk.session.introduce_again),
    )
