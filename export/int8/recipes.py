"""How to quantise, as data: what a recipe can choose, and the ones that a search tries.

Weights are always symmetric int8 per output channel; activations are asymmetric 8 bit per tensor. What the other axes
are worth, on students of this project (tier agreement on 300 photos; latency over FP32's on one AVX-512 VNNI thread):

    mobilenetv2     u8 88% at 0.56, bias 95%, block1 99% at 0.57, first4 99% at 0.73, first16 99.7% at 0.75
    mobilenetv3     u8 96% at 0.79, bias 97%, block1 98% at 0.81, minmax 95%, photo-float 1.01, swish-float 0.99, s8 2.7
    efficientnet_b0 u8 96% at 0.81, bias 98%, block1 97%, swish-float 1.35
    lite0           u8 98% at 0.55, bias 98%, equalised: a fifth less difference

Full names: `RECIPES`, and `search` puts more on them. A convolution in float in the middle is a trap: mobilenetv2 with
its first depthwise convolution alone in float gives 25%, because onnxruntime 1.26 computes that graph wrongly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to quantise."""

    name: str
    format: str = "qdq"
    """qdq: float operators between quantise and dequantise nodes, which onnxruntime fuses when it loads the file;
    qoperator: the fused operators are written into the file"""
    activations: str = "uint8"
    """uint8 or int8: the same grid, other kernels"""
    ranges: str = "least_error"
    """how activation ranges are taken from the histograms: minmax, least_error, careful or percentile;
    learnt: as given"""
    reduce_range: bool = False
    """weights in 7 bit: two products of u8 and s8 then fit into 16 bit, which CPUs without VNNI add them in"""
    swish: str = "integer"
    """hard-swish and SiLU: integer (gate and product in 8 bit) or float (between dequantise and quantise)"""
    photo: str = "bytes"
    """what the first convolution reads: bytes (the pixels as they are) or float (the normalised photo, quantised)"""
    squeeze: str = "integer"
    """convolutions of squeeze-and-excite: integer, or weights (8-bit weights in the file, float arithmetic)"""
    float_first: int = 0
    """how many of the first convolutions stay in float"""
    float_blocks: int = 0
    """how many of the first blocks stay in float (`export.onnx_file.trunk.blocks`), squeeze-and-excite aside"""
    lean_after: int | None = None
    """of the blocks in float those after so many keep their weights in 8 bit in the file; None: none does"""
    float_last: bool = False
    """the last convolution computes in float; its weights, up to a quarter of all, are 8 bit in the file"""
    float_also: tuple[int, ...] = ()
    """further convolutions that stay in float, by their number in execution order"""
    equalise: bool = False
    """channels are scaled so that they share a tensor's range well (`export.int8.equalize`)"""
    bias_correction: bool = False
    """biases take up the mean error of each convolution (`export.int8.equalize`)"""
    rounding: str = "nearest"
    """weights: nearest or learned (`export.int8.learned_rounding`)"""

    @property
    def prepares(self) -> bool:
        """Whether the FP32 model is changed before it is quantised."""
        return self.equalise or self.bias_correction or self.rounding != "nearest"


BASE = Recipe(name="u8")

RECIPES = (
    BASE,
    Recipe(name="percentile", ranges="percentile"),
    Recipe(name="minmax", ranges="minmax"),
    Recipe(name="bias", bias_correction=True),
    Recipe(name="first1", float_first=1),
    Recipe(name="block1", float_blocks=1),
    Recipe(name="block1-bias", float_blocks=1, bias_correction=True),
    Recipe(name="block2-bias", float_blocks=2, bias_correction=True),
    Recipe(name="block1-last", float_blocks=1, float_last=True),
    Recipe(name="qoperator", format="qoperator"),
    Recipe(name="s8", activations="int8"),
    Recipe(name="reduced", reduce_range=True),
    Recipe(name="photo-float", photo="float"),
    Recipe(name="swish-float", swish="float"),
    Recipe(name="squeeze-float", squeeze="weights"),
    Recipe(name="careful", ranges="careful", squeeze="weights", bias_correction=True),
)
"""The static recipes. onnxruntime's session option `session.x64quantprecision` (float instead of saturating 16-bit sums
on x86 without VNNI) is no recipe: it is set where a session is made, not in a file; see `runtime.overflow`."""

_FIRST = {"u8", "bias", "block1", "block1-bias", "block2-bias"}

FIRST = tuple(recipe for recipe in RECIPES if recipe.name in _FIRST)
"""What a search begins with: every student was best served by one of these, or by more of its blocks in float."""

OTHERS = tuple(recipe for recipe in RECIPES if recipe.name not in _FIRST)
"""What is slower or agrees less on the students above: tried where nothing else passes."""

CAREFUL = next(recipe for recipe in RECIPES if recipe.name == "careful")
"""What recipes with many blocks in float start from: where rounding is little, clipping and gates are what is left."""

LEAN_AFTER = 5
"""Blocks whose weights stay whole in a lean file: they are small, and in 8 bit they make most of the error of 8-bit
weights. Of 2,241 drawings a synthetic mobilenetv3, all in float arithmetic, keeps 98.5% of the tiers with all weights
in 8 bit (4.58 MB), 99.3% with 3 blocks whole (4.60 MB), 99.5% with 5 (4.65 MB)."""

SEPARATOR = "+"


def also_float(recipe: Recipe, convolutions: Sequence[int]) -> Recipe:
    """The recipe with further convolutions in float, named by their numbers."""
    numbers = tuple(sorted({*recipe.float_also, *convolutions}))
    base = recipe.name.split(f"{SEPARATOR}float")[0]
    return replace(recipe, name=f"{base}{SEPARATOR}float{'.'.join(map(str, numbers))}", float_also=numbers)


def first_float(recipe: Recipe, count: int) -> Recipe:
    """The recipe with the first convolutions in float; 0 leaves it as it is."""
    return replace(recipe, name=f"{recipe.name}{SEPARATOR}first{count}", float_first=count) if count else recipe


def float_blocks(recipe: Recipe, count: int) -> Recipe:
    """The recipe with the first blocks in float; 0 leaves it as it is."""
    return replace(recipe, name=f"{recipe.name}{SEPARATOR}block{count}", float_blocks=count) if count else recipe


def lean(recipe: Recipe) -> Recipe:
    """The recipe with its float blocks' weights in 8 bit in the file, but for the first `LEAN_AFTER` blocks'."""
    return replace(recipe, name=f"{recipe.name}{SEPARATOR}lean", lean_after=LEAN_AFTER)


def equalised(recipe: Recipe) -> Recipe:
    """The recipe on equalised channels."""
    return replace(recipe, name=f"{recipe.name}{SEPARATOR}equalised", equalise=True)


def bias_corrected(recipe: Recipe) -> Recipe:
    """The recipe with corrected biases."""
    return replace(recipe, name=f"{recipe.name}{SEPARATOR}bias", bias_correction=True)


def learned_rounding(recipe: Recipe) -> Recipe:
    """The recipe with learned rounding of weights."""
    return replace(recipe, name=f"{recipe.name}{SEPARATOR}rounded", rounding="learned")


FINE_TUNED = Recipe(name="fine-tuned", ranges="learnt")
"""Weights and ranges from a fine-tune with simulated INT8, as they are."""


def recipe_named(name: str, recipes: Sequence[Recipe]) -> Recipe | None:
    """The recipe that a search called so, a derived one too; None where there is none."""
    first, *suffixes = name.split(SEPARATOR)
    found = next((recipe for recipe in (*recipes, FINE_TUNED) if recipe.name == first), None)
    for suffix in suffixes:
        if found is not None:
            found = _derived(found, suffix)
    return found


def _derived(recipe: Recipe, suffix: str) -> Recipe | None:
    plain = {"equalised": equalised, "bias": bias_corrected, "rounded": learned_rounding, "lean": lean}
    if suffix in plain:
        return plain[suffix](recipe)
    if suffix.startswith("first") and suffix[5:].isdecimal():
        return first_float(recipe, int(suffix[5:]))
    if suffix.startswith("block") and suffix[5:].isdecimal():
        return float_blocks(recipe, int(suffix[5:]))
    numbers = suffix.removeprefix("float").split(".")
    if suffix.startswith("float") and all(number.isdecimal() for number in numbers):
        return also_float(recipe, [int(number) for number in numbers])
    return None
