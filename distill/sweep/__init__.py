"""Which student and which recipe is best? Many ordinary runs from one file, judged side by side."""
