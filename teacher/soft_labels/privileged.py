"""What only the teacher may see: for a clinical photo, what it says of the same lesion under the dermatoscope.

Learning with privileged information (Vapnik & Vashist 2009; generalized distillation, Lopez-Paz et al. 2016,
arXiv:1511.03643): a phone will never have the dermoscopic image, but the label that a student learns from may lean on
it. Both images of a lesion stand in one fold, so the teacher that speaks of either has seen neither.
"""

from collections import defaultdict

import numpy as np

from teacher.data.dataset import Dataset
from teacher.data.sample import Domain
from teacher.data.splits import Part
from teacher.soft_labels.store import SoftLabels


def lean_on_dermoscopy(labels: SoftLabels, dataset: Dataset, weight: float) -> SoftLabels:
    """The labels of photos whose lesion has a dermoscopic image in the training part, moved towards that one's.

    (1 - weight) x own logits of each view + weight x the mean logits of the dermoscopic images' views.
    """
    twins = dermoscopic_twins(dataset)
    if not twins or weight == 0:
        return labels
    malignancy, conditions = labels.malignancy.copy(), labels.conditions.copy()
    for place, others in twins.items():
        malignancy[place] = (1 - weight) * malignancy[place] + weight * labels.malignancy[others].mean()
        conditions[place] = (1 - weight) * conditions[place] + weight * labels.conditions[others].mean(axis=(0, 1))
    return SoftLabels(labels.seeds, malignancy, conditions)


def dermoscopic_twins(dataset: Dataset) -> dict[int, np.ndarray]:
    """The dermoscopic images of each other photo's lesion: places in the training part, by the photo's place."""
    train = dataset.part(Part.TRAIN)
    by_lesion: dict[str, list[int]] = defaultdict(list)
    for place, index in enumerate(train):
        sample = dataset.samples[index]
        if sample.lesion_id is not None and sample.domain is Domain.DERMOSCOPIC:
            by_lesion[sample.lesion_id].append(place)
    found = {}
    for place, index in enumerate(train):
        sample = dataset.samples[index]
        if sample.domain is not Domain.DERMOSCOPIC and sample.lesion_id in by_lesion:
            found[place] = np.array(by_lesion[sample.lesion_id], dtype=np.int64)
    return found
