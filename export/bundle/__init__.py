"""Which files make a bundle, and is the finished folder sound?

The formats as data, a run built into a bundle, its reports, and what is done to one later: check, recalibrate, sign.
"""
