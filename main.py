"""Where `flet build` begins; on a computer, `python -m mobile_app` does the same and has options."""

from mobile_app.cli import on_device

on_device()
