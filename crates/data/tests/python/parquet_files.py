"""Parquet files by pyarrow: `write FOLDER` makes what the tests read, `read FOLDER` checks what Annvil wrote."""

import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from values import DIM, ROWS, values

TYPES = {"f2": pa.float16(), "f4": pa.float32(), "f8": pa.float64(), "u1": pa.uint8(), "i1": pa.int8()}


def lists(kind, rows=ROWS, fixed=False):
    flat = pa.array(values(kind, rows).ravel(), TYPES[kind])
    if fixed:
        return pa.FixedSizeListArray.from_arrays(flat, DIM)
    return pa.ListArray.from_arrays(pa.array(np.arange(0, rows * DIM + 1, DIM), pa.int32()), flat)


def write(folder):
    for kind in TYPES:
        variants = {
            "plain": (False, {"compression": "none", "use_dictionary": False}),
            "snappy": (False, {"compression": "snappy", "row_group_size": 70}),
            "zstd": (True, {"compression": "zstd", "data_page_version": "2.0", "row_group_size": 128}),
            "gzip": (True, {"compression": "gzip", "data_page_size": 100}),
            "lz4": (False, {"compression": "lz4", "data_page_version": "2.0", "data_page_size": 1000}),
        }
        if kind.startswith("f"):
            split = {"compression": "zstd", "use_dictionary": False, "use_byte_stream_split": True}
            variants["split"] = (False, split)
        for name, (fixed, options) in variants.items():
            table = pa.table({"id": np.arange(ROWS), "emb": lists(kind, fixed=fixed)})
            pq.write_table(table, folder / f"{kind}.{name}.parquet", **options)
    required = pa.schema(
        [pa.field("emb", pa.list_(pa.field("element", pa.float32(), nullable=False)), nullable=False)]
    )
    pq.write_table(pa.table({"emb": lists("f4")}).cast(required), folder / "f4.required.parquet")

    number = np.arange(ROWS)
    table = pa.table(
        {
            "id": number,
            "pos": pa.array([None if i % 7 == 0 else f"word {i % 5}" for i in range(ROWS)]),
            "year": pa.array([None if i % 4 == 0 else i - 100 for i in range(ROWS)], pa.int16()),
            "big": pa.array(number * 2**40),
            "price": number / 4,
            "new": number % 3 == 0,
            "tags": pa.array([None if i % 5 == 0 else [f"t{j}" for j in range(i % 4)] for i in range(ROWS)]),
            "text": [f"text {i} ü" for i in range(ROWS)],
            "title": ["one"] * ROWS,
            "about": [{"a": i} for i in range(ROWS)],
            "embedding": lists("f4"),
        }
    )
    pq.write_table(table, folder / "labels.parquet", row_group_size=77, version="2.4")

    bench = folder / "bench"
    bench.mkdir()
    ids = (number * 7 + 1000) % 2999  # neither in order nor from 0
    parts = 12
    for part in range(parts):
        rows = slice(part * ROWS // parts, (part + 1) * ROWS // parts)
        table = pa.table({"id": ids[rows], "emb": lists("f4").slice(rows.start, rows.stop - rows.start)})
        pq.write_table(table, bench / f"shuffle_train-{part}-of-{parts}.parquet")
    pq.write_table(pa.table({"id": [30, 10, 20, 50, 40], "emb": lists("f4", 5)}), bench / "test.parquet")
    # Query q has rows q and q + 7; the lists are in the order of the queries' ids.
    order = [1, 2, 0, 4, 3]
    found = [[int(ids[q]), int(ids[q + 7])] for q in order]
    table = pa.table({"id": [10, 20, 30, 40, 50], "neighbors_id": found})
    pq.write_table(table, bench / "neighbors.parquet")
    pq.write_table(table, bench / "neighbors_labels_label_1p.parquet")
    turned = ids[::-1]
    labels = [f"label_{i}p" for i in turned % 3]
    pq.write_table(pa.table({"id": turned, "labels": labels}), bench / "scalar_labels.parquet")

    def refuse(name, columns, **options):
        pq.write_table(pa.table(columns), folder / f"refused.{name}.parquet", **options)

    refuse("row", {"emb": pa.array([[1.0, 2.0], None, [3.0, 4.0]])})
    refuse("empty", {"emb": pa.array([[1.0, 2.0], [], [3.0, 4.0]])})
    refuse("value", {"emb": pa.array([[1.0, 2.0], [3.0, None]])})
    refuse("ragged", {"emb": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0]])})
    refuse("long", {"emb": pa.array([[1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0]])})
    refuse("nested", {"emb": pa.array([[[1.0, 2.0]], [[3.0, 4.0]]])})
    refuse("several", {"a": lists("f4"), "b": lists("f4")})
    refuse("none", {"a": pa.array([1, 2])})
    refuse("brotli", {"emb": lists("f4")}, compression="brotli")
    refuse("no-rows", {"emb": lists("f4").slice(0, 0)})
    table = {"n": pa.array([1, 2]), "emb": pa.array([[1.0], [2.0]])}
    refuse("delta", table, use_dictionary=False, column_encoding={"n": "DELTA_BINARY_PACKED"})


def read(folder):
    for kind in ["f2", "f4", "u1", "i1"]:
        table = pq.read_table(folder / f"{kind}.parquet")
        assert table.column_names == ["id", "emb"], table.column_names
        assert table.schema.field("emb").type.value_type == TYPES[kind], table.schema
        assert np.array_equal(table["id"].to_numpy(), np.arange(ROWS))
        found = np.stack(table["emb"].to_numpy())
        assert found.dtype == values(kind).dtype and np.array_equal(found, values(kind)), kind
        about = pq.ParquetFile(folder / f"{kind}.parquet").metadata
        assert about.row_group(0).column(1).compression == "SNAPPY"
    neighbours = pq.read_table(folder / "neighbors.parquet")["neighbors_id"].to_pylist()
    assert neighbours == [[1, 0], [2], [], [2**40]], neighbours


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
