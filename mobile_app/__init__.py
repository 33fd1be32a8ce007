"""The app: what `runtime` says, on a screen and over time."""
