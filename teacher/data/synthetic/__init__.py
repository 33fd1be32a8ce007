"""The embedded synthetic dataset: procedural drawings of skin lesions, the same for the same seed on any machine.

All ten conditions, Fitzpatrick tones I-VI and three domains; tone and domain are independent of the label unless
`SyntheticConfig.spurious` asks otherwise. The drawings show how the code works, not how well a model does on patients.
"""

from teacher.data.synthetic.painting import paint, render
from teacher.data.synthetic.scene import DEFAULT_WEIGHTS, Scene, Spurious, SyntheticConfig, draw_scene
from teacher.data.synthetic.sheet import contact_sheet
from teacher.data.synthetic.store import RECIPE_VERSION, load_synthetic, write_dataset

__all__ = [
    "DEFAULT_WEIGHTS",
    "RECIPE_VERSION",
    "Scene",
    "Spurious",
    "SyntheticConfig",
    "contact_sheet",
    "draw_scene",
    "load_synthetic",
    "paint",
    "render",
    "write_dataset",
]
