"""The time of an exact search by faiss, in the protocol of crates/data/examples/exact.rs.

faiss_search.py BASE QUERIES METRIC K THREADS ANSWERS: waits for a line on standard input, searches, writes the seconds to
standard output, and so on until the input ends; then the distances of the last answers go to the file ANSWERS.
"""

import sys
import time

import faiss
import numpy as np

base, queries, metric, k, threads, answers = sys.argv[1:]
base = np.load(base).astype(np.float32)
queries = np.load(queries).astype(np.float32)
faiss.omp_set_num_threads(int(threads))
index = {"cosine": faiss.IndexFlatIP, "l2": faiss.IndexFlatL2}[metric](base.shape[1])
index.add(base)
scores = None
for _ in sys.stdin:
    began = time.perf_counter()
    scores, _ids = index.search(queries, int(k))
    print(time.perf_counter() - began, flush=True)
scores = scores.astype(np.float64)
# Rows and queries of the cosine set have unit norm. faiss gives squared distances, which rounding can make negative.
distances = 1 - scores if metric == "cosine" else np.sqrt(np.maximum(scores, 0))
distances.tofile(answers)
