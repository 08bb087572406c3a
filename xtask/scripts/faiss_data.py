"""Writes the vectors that the comparison with faiss searches: faiss_data.py FOLDER WORDNET-FOLDER [FASHION-FOLDER]."""

import gzip
import pathlib
import sys

import numpy as np

folder, wordnet = map(pathlib.Path, sys.argv[1:3])
fashion = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
random = np.random.default_rng(20)


def unit(rows):
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# 50,000 × 384: each row of WordNet-10k five times, four of them moved by a third of its length in a random direction.
rows = np.load(wordnet / "base.f16.npy").astype(np.float32)
noise = random.standard_normal((4 * len(rows), rows.shape[1])) / (3 * np.sqrt(rows.shape[1]))
moved = np.tile(rows, (4, 1)) + noise
np.save(folder / "wordnet.base.npy", unit(np.concatenate([rows, moved])))
picked = random.choice(len(rows), 1000, replace=False)
noise = random.standard_normal((1000, rows.shape[1])) / (3 * np.sqrt(rows.shape[1]))
np.save(folder / "wordnet.queries.npy", unit(rows[picked] + noise))


def images(name):
    with gzip.open(fashion / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784)


if fashion:
    base, queries = images("train-images-idx3-ubyte.gz"), images("t10k-images-idx3-ubyte.gz")[:1000]
else:
    base = random.integers(0, 256, (60000, 784), np.uint8)
    queries = random.integers(0, 256, (1000, 784), np.uint8)
np.save(folder / "bytes.base.npy", base)
np.save(folder / "bytes.queries.npy", queries)
