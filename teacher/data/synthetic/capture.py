"""Three ways to take the photo: through a dermatoscope, by a clinic's camera, with a phone."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from teacher.data.sample import Domain
from teacher.data.synthetic.brush import enlarge, fade, pixel_grid, smooth_noise

_OVERSAMPLE = 2


def photograph(rng: np.random.Generator, light: np.ndarray, *, domain: Domain, ruler: bool | None = None) -> np.ndarray:
    """Linear light float32 [3, side, side] -> the finished photo, uint8 [side, side, 3] sRGB.

    `ruler`: whether one lies beside the lesion; None leaves one at the edge to chance, and a phone's photo has none.
    """
    take = {
        Domain.DERMOSCOPIC: _through_dermatoscope,
        Domain.CLINICAL: _with_clinic_camera,
        Domain.SMARTPHONE: _with_phone,
    }[domain]
    return take(rng, light, ruler)


def to_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light [3, side, side] -> float32 [side, side, 3], 0-255.

    Gamma 2 instead of sRGB's 2.2: square roots are exact on every machine.
    """
    planes = np.sqrt(np.clip(light, 0.0, 1.0)) * np.float32(255)
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _through_dermatoscope(rng: np.random.Generator, light: np.ndarray, ruler: bool | None) -> np.ndarray:
    side = light.shape[-1]
    light = _hairs(rng, light, number=_hair_count(rng, 14), thick=0.014)
    if rng.random() < 0.35:
        light = _gel_bubbles(rng, light)
    if _wanted(rng.random() < 0.3, ruler):
        light = _ruler(rng, light, close=ruler is True)
    light = light * (rng.uniform(0.9, 1.1) * _white_balance(rng, 0.04))
    x, y = pixel_grid(side)
    away = np.sqrt((x - rng.uniform(-0.06, 0.06)) ** 2 + (y - rng.uniform(-0.06, 0.06)) ** 2)
    light = light * (1 - rng.uniform(0.05, 0.3) * away * away)
    if rng.random() < 0.55:
        edge = rng.uniform(0.98, 1.22)
        light = light * (0.004 + fade(away, edge + 0.04, edge - 0.04))
    return _develop(rng, light, noise=1.2)


def _with_clinic_camera(rng: np.random.Generator, light: np.ndarray, ruler: bool | None) -> np.ndarray:
    light = _hairs(rng, light, number=_hair_count(rng, 6), thick=0.008)
    light = light * (rng.uniform(0.85, 1.15) * _white_balance(rng, 0.05)) * _falloff(rng, light.shape[-1], 0.15)
    if _wanted(rng.random() < 0.2, ruler):
        light = _ruler(rng, light, close=ruler is True)
    return _develop(rng, light, noise=1.5)


def _with_phone(rng: np.random.Generator, light: np.ndarray, ruler: bool | None) -> np.ndarray:
    side = light.shape[-1]
    light = _hairs(rng, light, number=_hair_count(rng, 5), thick=0.008)
    light = light * (rng.uniform(0.55, 1.3) * _white_balance(rng, 0.16)) * _falloff(rng, side, 0.4)
    if ruler:
        light = _ruler(rng, light, close=True)
    photo = _develop(rng, _soften(rng, light), noise=rng.uniform(2, 6))
    return jpeg_roundtrip(photo, quality=int(rng.integers(40, 86)))


def _wanted(chance: bool, asked: bool | None) -> bool:
    return chance if asked is None else asked


def jpeg_bytes(photo: np.ndarray, *, quality: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()


def jpeg_roundtrip(photo: np.ndarray, *, quality: int) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg_bytes(photo, quality=quality))) as image:
        return np.asarray(image.convert("RGB"))


def _develop(rng: np.random.Generator, light: np.ndarray, *, noise: float) -> np.ndarray:
    """Sensor noise, most of it alike in the three channels (`noise` in 1/255), and rounding."""
    photo = to_srgb(light) + np.float32(0.5)
    side = photo.shape[0]
    grain = np.float32(noise) * rng.standard_normal((side, side), dtype=np.float32)
    tint = enlarge(
        np.float32(0.5 * noise) * rng.standard_normal((side // 2, side // 2), dtype=np.float32), side, "bilinear"
    )
    for channel, tinted in enumerate((grain, grain + tint, grain - tint)):
        photo[..., channel] += tinted
    return np.clip(photo, 0, 255, out=photo).astype(np.uint8)


def _white_balance(rng: np.random.Generator, spread: float) -> np.ndarray:
    """Gains [3, 1, 1] for red, green and blue: warm or cold, and a little green or magenta."""
    warm, green = rng.normal(0, spread), rng.normal(0, 0.4 * spread)
    return np.exp(np.array([warm, green, -warm], np.float32))[:, None, None]


def _falloff(rng: np.random.Generator, side: int, depth: float) -> np.ndarray:
    """Uneven light [side, side]: brighter towards one side, and dimmer in soft shadows."""
    x, y = pixel_grid(side)
    angle, amount = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 1.0) * depth
    ramp = 1 + amount * (math.cos(angle) * x + math.sin(angle) * y)
    return np.clip(ramp + 0.3 * amount * smooth_noise(rng, side, 2), 0.25, 1.7)


def _soften(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Focus that missed a little, and in a third of the photos a hand that moved."""
    scale = light.shape[-1] / 160
    image = Image.fromarray((to_srgb(light) + np.float32(0.5)).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.7) * scale))
    soft = (np.asarray(image, np.float32).transpose(2, 0, 1) / np.float32(255)) ** 2
    if rng.random() < 0.33:
        angle, length = rng.uniform(0, math.pi), rng.uniform(1, 2.5) * scale
        dx, dy = round(math.cos(angle) * length), round(math.sin(angle) * length)
        soft = (soft + np.roll(soft, (dy, dx), (1, 2)) + np.roll(soft, (-dy, -dx), (1, 2))) / 3
    return soft


def _hair_count(rng: np.random.Generator, most: int) -> int:
    """None in half of the photos."""
    return 0 if rng.random() < 0.5 else int(rng.integers(1, most + 1))


def _hairs(rng: np.random.Generator, light: np.ndarray, *, number: int, thick: float) -> np.ndarray:
    """Curved hairs across the picture, roughly combed one way; dark or blond."""
    if number == 0:
        return light
    side = light.shape[-1]
    sheet = Image.new("L", (side * _OVERSAMPLE,) * 2)
    draw = ImageDraw.Draw(sheet)
    comb, dark = rng.uniform(0, np.pi), rng.uniform(0.02, 0.16)
    along = np.linspace(-1, 1, 12)
    for _ in range(number):
        angle, bend, reach = comb + rng.normal(0, 0.4), rng.normal(0, 0.25), rng.uniform(0.3, 1.1)
        centre = rng.uniform(-0.9, 0.9, 2)
        across = bend * along * along
        points = centre + reach * np.stack(
            [along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)], axis=1
        )
        flat = ((points + 1) * (side / 2) * _OVERSAMPLE).ravel().tolist()
        width = max(1, round(rng.uniform(0.6, 1.3) * thick * side / 2 * _OVERSAMPLE))
        draw.line(flat, fill=int(rng.integers(150, 240)), width=width, joint="curve")
    cover = np.asarray(sheet.reduce(_OVERSAMPLE), np.float32) / np.float32(255)
    colour = np.array([1.3, 0.9, 0.65], np.float32)[:, None, None] * np.float32(dark)
    return light + cover * (colour * float(0.3 + light.mean()) - light)


def _gel_bubbles(rng: np.random.Generator, light: np.ndarray) -> np.ndarray:
    """Air in the contact gel: rings with a dark edge and a bright crescent."""
    x, y = pixel_grid(light.shape[-1])
    light = light.copy()
    for cx, cy in rng.uniform(-0.95, 0.95, (int(rng.integers(1, 6)), 2)).tolist():
        size = rng.uniform(0.04, 0.14)
        dx, dy = (x - cx) / size, (y - cy) / size
        away = np.sqrt(dx * dx + dy * dy)
        edge = np.exp(-(((away - 1) / 0.16) ** 2))
        light *= 1 - 0.4 * edge
        light += 0.9 * float(light.mean()) * edge * np.clip(-(dx + dy) / 1.4, 0, 1)
    return light


def _ruler(rng: np.random.Generator, light: np.ndarray, *, close: bool = False) -> np.ndarray:
    """Millimetre ticks along one edge of the picture; `close`: beside the lesion, where no crop cuts them off."""
    side = light.shape[-1]
    sheet = Image.new("L", (side * _OVERSAMPLE,) * 2)
    draw = ImageDraw.Draw(sheet)
    gap, start = rng.uniform(0.07, 0.13) * side, rng.uniform(0, 0.1) * side
    inset = rng.uniform(0.02, 0.10) * side
    scale, width = 1.0, max(2, side // 80)
    if close:
        inset, scale, width = inset + 0.1 * side, 1.6, max(3, side // 40)
    for tick in range(int(side / gap) + 1):
        at, long = (start + tick * gap) * _OVERSAMPLE, scale * (0.07 if tick % 5 == 0 else 0.04) * side * _OVERSAMPLE
        draw.line((at, inset * _OVERSAMPLE, at, inset * _OVERSAMPLE + long), fill=210, width=width)
    turned = np.rot90(np.asarray(sheet.reduce(_OVERSAMPLE), np.float32) / np.float32(255), int(rng.integers(4)))
    return light * (1 - turned) + 0.02 * turned
