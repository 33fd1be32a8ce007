"""The ten conditions: the label space that training and the device share.

Every dataset's raw labels are mapped onto these ten by an explicit table in `teacher.data`; every
model file answers with ten probabilities in the order of `CONDITIONS`.
"""

from enum import StrEnum


class Condition(StrEnum):
    """One of ten groups of skin lesions. The value is the name used in files, the order is the model's."""

    MELANOMA = "melanoma"
    BASAL_CELL_CARCINOMA = "basal_cell_carcinoma"
    SQUAMOUS_CELL_CARCINOMA = "squamous_cell_carcinoma"
    ACTINIC_KERATOSIS = "actinic_keratosis"
    MELANOCYTIC_NEVUS = "melanocytic_nevus"
    SEBORRHEIC_KERATOSIS = "seborrheic_keratosis"
    DERMATOFIBROMA = "dermatofibroma"
    VASCULAR_LESION = "vascular_lesion"
    NON_NEOPLASTIC = "non_neoplastic"
    OTHER = "other"


CONDITIONS: tuple[Condition, ...] = tuple(Condition)

MALIGNANT_CONDITIONS: frozenset[Condition] = frozenset(
    {
        Condition.MELANOMA,
        Condition.BASAL_CELL_CARCINOMA,
        Condition.SQUAMOUS_CELL_CARCINOMA,
        Condition.ACTINIC_KERATOSIS,
    }
)
"""What a doctor has to rule out or remove: cancers, and the precursor that is treated to prevent one.

A sample of one of these is malignant whatever its dataset's flag says, in every dataset alike: where one dataset calls
actinic keratosis malignant and another benign, a model learns the camera instead of the skin. None is ever shown beside
a "low" tier.
"""
