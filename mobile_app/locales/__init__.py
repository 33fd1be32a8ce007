"""The app's own words, one table per language. Words about tiers and advice come from `runtime`."""

from mobile_app.locales.en import ENGLISH
from mobile_app.locales.texts import Texts

__all__ = ["ENGLISH", "Texts"]
