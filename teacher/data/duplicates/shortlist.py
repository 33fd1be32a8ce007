"""Which pairs of photos are worth a look: the nearest by one vector a photo, made of its local features alone.

VLAD (Jegou et al. 2010) over a codebook of WORDS, projected at random to DIMENSIONS (Johnson and Lindenstrauss): no
network, no download. 47,000 photos are 96 MB.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from teacher.console import progress
from teacher.data.duplicates.features import FeatureStore

WORDS, DIMENSIONS = 64, 512
CODEBOOK_PHOTOS = 400
"""Photos whose descriptors make the codebook: 120,000 at most, 60 MB."""

NEAREST = 20
"""Of other datasets, and as many of other groups of the same one. Of 37 lesions of 500 HAM10000 photos that MILK10k
has too, 33 stood first, and one beyond the twentieth place."""

BLOCK = 128
"""Photos compared with all at once: 24 MB of similarities for 47,000."""


def shortlist(
    store: FeatureStore, contents: Sequence[str], datasets: np.ndarray, groups: np.ndarray, *, seed: int
) -> np.ndarray:
    """int64 [P, 2], positions i < j in `contents`, sorted: each photo's nearest of other groups.

    datasets, groups: int64 [N]. On one thread, so that the number of cores does not move the last bit of a distance.
    """
    with threadpool_limits(1):
        return _nearest(_vectors(store, contents, seed=seed), datasets, groups)


def _vectors(store: FeatureStore, contents: Sequence[str], *, seed: int) -> np.ndarray:
    """float32 [N, DIMENSIONS], of length 1; zero where a photo has no keypoint."""
    words = _codebook(store, contents, seed=seed)
    project = np.random.default_rng(seed).standard_normal((words.size, DIMENSIONS), dtype=np.float32)
    vectors = np.zeros((len(contents), DIMENSIONS), dtype=np.float32)
    with progress("Describing photos", len(contents)) as advance:
        for place, content in enumerate(contents):
            descriptors = store.read(content).descriptors
            if len(descriptors):
                vectors[place] = _vlad(descriptors, words) @ project
            advance("")
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _codebook(store: FeatureStore, contents: Sequence[str], *, seed: int) -> np.ndarray:
    """float32 [W, 128]. Contents are hashes, so that the first ones in their order are a random sample."""
    filled = [content for content in sorted(contents) if store.count(content)][:CODEBOOK_PHOTOS]
    if not filled:
        return np.zeros((1, 128), dtype=np.float32)
    sample = np.concatenate([store.read(content).descriptors for content in filled])
    clusters = MiniBatchKMeans(min(WORDS, len(sample)), random_state=seed, batch_size=4096).fit(sample)
    return np.asarray(clusters.cluster_centers_, dtype=np.float32)


def _vlad(descriptors: np.ndarray, words: np.ndarray) -> np.ndarray:
    """float32 [W * 128]: what each word's descriptors add up to beyond it, each word at the same weight."""
    nearest = ((words**2).sum(axis=1) - 2 * descriptors @ words.T).argmin(axis=1)
    sums = np.zeros_like(words)
    np.add.at(sums, nearest, descriptors - words[nearest])
    return (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)).ravel()


def _nearest(vectors: np.ndarray, datasets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    count = len(vectors)
    found: list[np.ndarray] = [np.zeros(0, dtype=np.int64)]
    with progress("Choosing pairs", -(-count // BLOCK)) as advance:
        for start in range(0, count, BLOCK):
            rows = np.arange(start, min(start + BLOCK, count))
            similar = vectors[rows] @ vectors.T
            similar[groups[rows, None] == groups[None]] = -np.inf
            same = datasets[rows, None] == datasets[None]
            for wanted in (same, ~same):
                found.append(_best(np.where(wanted, similar, -np.inf), rows))
            advance("")
    keys = np.unique(np.concatenate(found))
    return np.stack([keys // max(count, 1), keys % max(count, 1)], axis=1)


def _best(similar: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """int64: the pairs of these rows and their NEAREST, as i * N + j with i < j."""
    count = similar.shape[1]
    best = np.argpartition(-similar, min(NEAREST, count) - 1, axis=1)[:, :NEAREST]
    left = np.repeat(rows, best.shape[1])
    right = best.ravel()
    keep = np.isfinite(np.take_along_axis(similar, best, axis=1).ravel())
    left, right = left[keep], right[keep]
    return np.minimum(left, right) * count + np.maximum(left, right)
