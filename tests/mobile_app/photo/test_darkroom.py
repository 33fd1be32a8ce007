"""Photos opened, framed and shown: upright, without the camera's notes, judged at their own resolution."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from mobile_app.photo.darkroom import (
    PREVIEW_SIDE,
    SHOWN_SIDE,
    Photo,
    open_picture,
    preview_of,
    share_of_spot,
    square_of,
)
from mobile_app.photo.framing import largest
from runtime import PhotoError
from runtime.photo.decode import load_square, square_pixels
from runtime.photo.quality import QualityProblem, measure_quality
from teacher.data.synthetic import SyntheticConfig, render


def sideways_photo() -> bytes:
    """Left half black, right half white, EXIF says: turn a quarter to the left; and where it was taken."""
    image = Image.new("RGB", (900, 600), "black")
    image.paste("white", (450, 0, 900, 600))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    exif[ExifTags.Base.Make] = "a phone"
    out = io.BytesIO()
    image.save(out, format="JPEG", exif=exif)
    return out.getvalue()


def drawn_photo(side: int, *, form: str = "JPEG") -> Photo:
    pixels, _ = render(SyntheticConfig(count=1, side=480), 0)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC).save(out, format=form, quality=95)
    return Photo(name="spot.jpg", data=out.getvalue())


def test_a_photo_is_upright_and_without_the_cameras_notes() -> None:
    picture = open_picture(Photo(name="a.jpg", data=sideways_photo()))
    assert picture.image.size == (600, 900)
    for jpeg in (picture.shown, preview_of(picture, largest(picture.image))):
        shown = Image.open(io.BytesIO(jpeg))
        assert not shown.getexif()
        middle = shown.width // 2
        top, bottom = (
            shown.convert("L").getpixel((middle, 20)),
            shown.convert("L").getpixel((middle, shown.height - 20)),
        )
        assert isinstance(top, int)
        assert isinstance(bottom, int)
        assert top > 200 > 50 > bottom


def test_what_is_no_photo_is_refused_by_its_name() -> None:
    with pytest.raises(PhotoError, match=r"letter\.jpg"):
        open_picture(Photo(name="letter.jpg", data=b"hello"))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_large_photo_is_held_and_shown_smaller(form: str) -> None:
    picture = open_picture(drawn_photo(5000, form=form))
    assert 1024 <= min(picture.image.size) <= 4096
    assert max(Image.open(io.BytesIO(picture.shown)).size) == min(SHOWN_SIDE, *picture.image.size)
    preview = Image.open(io.BytesIO(preview_of(picture, largest(picture.image))))
    assert preview.size == (PREVIEW_SIDE, PREVIEW_SIDE)


def test_the_whole_square_is_what_would_be_judged_without_any_framing() -> None:
    photo = drawn_photo(480, form="PNG")
    picture = open_picture(photo)
    square = square_of(picture, largest(picture.image))
    assert square.shape == (480, 480, 3)
    judged = square_pixels(Image.fromarray(square), size=224).astype(int)
    assert np.abs(judged - load_square(photo.data, size=224)).max() <= 1


def test_quality_is_that_of_the_square() -> None:
    """A photo, half of it black: its sharp half can be judged, its black half cannot."""
    sharp = Image.open(io.BytesIO(drawn_photo(600).data))
    both = Image.new("RGB", (1200, 600), "black")
    both.paste(sharp, (0, 0))
    out = io.BytesIO()
    both.save(out, format="PNG")
    picture = open_picture(Photo(name="half.png", data=out.getvalue()))
    whole = largest(picture.image)
    sharp_half, black_half = (square_of(picture, whole.moved(across, 0)) for across in (-9, 9))
    assert measure_quality(square_pixels(Image.fromarray(sharp_half), size=224)).problem is None
    assert measure_quality(square_pixels(Image.fromarray(black_half), size=224)).problem is QualityProblem.TOO_DARK


def test_the_share_of_the_spot_grows_with_the_zoom() -> None:
    pixels, _ = render(SyntheticConfig(count=1, side=480), 3)
    out = io.BytesIO()
    Image.fromarray(pixels).resize((900, 900)).save(out, format="PNG")
    picture = open_picture(Photo(name="spot.png", data=out.getvalue()))
    far, near = (share_of_spot(picture, largest(picture.image).zoomed(zoom)) for zoom in (1.0, 1.5))
    assert far is not None
    assert near is not None
    assert 0 < far < near < 1


def test_a_photo_does_not_print_its_pixels() -> None:
    assert "secret" not in repr(Photo(name="spot.jpg", data=b"secret"))
