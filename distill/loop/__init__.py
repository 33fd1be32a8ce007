"""What does a training loop need beside its steps? What is mixed, what chance draws, how fast it goes, who is told."""
