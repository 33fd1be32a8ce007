"""Which models can be a teacher, and how are they trained?

SigLIP and timm encoders with two heads, their fine-tuning, and XGBoost on their embeddings.
"""
