"""Arrays by numpy: `write FOLDER` makes what the tests read, `read FOLDER` checks what Annvil wrote."""

import pathlib
import sys

import numpy as np

from values import DIM, ROWS, values


def write(folder):
    for kind in ["f2", "f4", "f8", "u1", "i1"]:
        for version in [(1, 0), (2, 0), (3, 0)]:
            with open(folder / f"{kind}.{version[0]}.npy", "wb") as file:
                np.lib.format.write_array(file, values(kind), version)
    for kind, end in [("f4", "fvecs"), ("u1", "bvecs")]:
        head = np.full((ROWS, 1), DIM, "<i4").view("u1")
        np.hstack([head, values(kind).view("u1")]).tofile(folder / f"{kind}.{end}")
    for kind, end in [("f4", "fbin"), ("u1", "u8bin"), ("i1", "i8bin")]:
        with open(folder / f"{kind}.{end}", "wb") as file:
            np.array([ROWS, DIM], "<u4").tofile(file)
            values(kind).tofile(file)


def read(folder):
    for kind in ["f2", "f4", "u1", "i1"]:
        found = np.load(folder / f"{kind}.npy")
        assert found.dtype == values(kind).dtype and np.array_equal(found, values(kind)), kind
        assert np.array_equal(np.load(folder / f"{kind}.npy", mmap_mode="r"), values(kind))
    for kind, end in [("f4", "fvecs"), ("u1", "bvecs")]:
        size = values(kind).itemsize
        rows = np.fromfile(folder / f"{kind}.{end}", "u1").reshape(ROWS, 4 + size * DIM)
        assert (np.ascontiguousarray(rows[:, :4]).view("<i4") == DIM).all()
        assert np.array_equal(np.ascontiguousarray(rows[:, 4:]).view(values(kind).dtype), values(kind))
    for kind, end in [("f4", "fbin"), ("u1", "u8bin"), ("i1", "i8bin")]:
        with open(folder / f"{kind}.{end}", "rb") as file:
            assert (np.fromfile(file, "<u4", 2) == [ROWS, DIM]).all()
            assert np.array_equal(np.fromfile(file, values(kind).dtype).reshape(ROWS, DIM), values(kind))


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
