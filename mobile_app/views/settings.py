"""Language, appearance, text size, what is kept and how to get rid of it."""

from collections.abc import Callable

import flet as ft

from mobile_app.views.about import about, licences, model_card
from mobile_app.views.measure import measure
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import NARROW, WIDE, columns, frame
from mobile_app.views.pieces.language import language_choice
from mobile_app.views.pieces.look import stack
from mobile_app.views.pieces.sure import sure
from mobile_app.visit.preferences import TEXT_SCALES, Theme
from mobile_app.visit.session import Subpage
from runtime.answer.advice import AdviceKind


def settings(desk: Desk) -> ft.Control:
    """Everything a user can set; or the page that was opened from here."""
    match desk.session.subpage:
        case Subpage.MODEL:
            return model_card(desk)
        case Subpage.LICENCES:
            return licences(desk)
        case Subpage.MEASURE if desk.measuring is not None:
            return measure(desk, desk.measuring)
        case _:
            return _all(desk)


def _all(desk: Desk) -> ft.Control:
    texts, look = desk.texts.settings, desk.look
    return frame(
        desk,
        look.heading(texts.title, size=22, level=2),
        columns(
            [look.card(language_choice(desk), _theme(desk), _text_size(desk))],
            [_storage(desk), about(desk)],
            wide=look.wide,
        ),
        widest=WIDE if look.wide else NARROW,
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
    usage = session.usage()
    if usage is None:
        trouble = desk.texts.trouble
        return look.notice(
            trouble.store_advice,
            title=trouble.store_title,
            icon=ft.Icons.REPORT_PROBLEM_OUTLINED,
            tone=look.palette.warning,
        )
    stored = texts.stored.format(spots=usage.lesions, photos=usage.photos, megabytes=f"{usage.bytes / 1e6:.1f}")
    return look.card(
        look.heading(texts.storage),
        look.words(stored),
        look.muted(desk.promises.storage(desk.texts)),
        _keep_photos(desk),
        look.muted(texts.keep_photos_hint),
        look.link(texts.export_all, icon=ft.Icons.ARCHIVE_OUTLINED, on_tap=desk.files.save_archive),
        _restore(desk),
        *_delete_all(desk),
    )


def _keep_photos(desk: Desk) -> ft.Control:
    """A switch with its words beside it, which a switch's own label would not wrap."""
    texts, look, session = desk.texts.settings, desk.look, desk.session
    on = session.preferences.keep_photos
    switch = ft.Switch(
        value=on,
        active_color=look.palette.brand,
        on_change=lambda event: session.set(keep_photos=bool(event.control.value)),
    )
    words = ft.GestureDetector(
        content=look.words(texts.keep_photos),
        on_tap=lambda: session.set(keep_photos=not on),
        exclude_from_semantics=True,
        expand=True,
    )
    named = ft.Semantics(content=switch, label=texts.keep_photos)
    return ft.Row(controls=[named, words], spacing=8)


def _restore(desk: Desk) -> ft.Control:
    """Opens the file chooser, which a browser allows only within the tap: see `Desk.choose`."""
    action = ft.PickFiles(
        desk.files.restorer,
        file_type=ft.FilePickerFileType.CUSTOM,
        allowed_extensions=["zip"],
        with_data=not desk.files.sends,
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
