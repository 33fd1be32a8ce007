"""How much can be read off an embedding? Majority, logistic regression, a small network and XGBoost, for both targets.

Kept as safetensors and UBJSON, each fitted once for the same rows and labels.
"""
