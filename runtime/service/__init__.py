"""How is the triage had over HTTP?

`python -m runtime serve` and the application behind it; the one wing of `runtime` that needs the extra `serve`.
"""
