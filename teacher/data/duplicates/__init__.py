"""The same lesion under two names: photos that local features tie, within one dataset or across two.

`features` reads every photo once, `shortlist` says which pairs are worth a look, `verify` looks, `search` goes through
them and can be interrupted, `table` is the result, `sheet` shows it.
"""
