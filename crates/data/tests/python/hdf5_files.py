"""HDF5 files by h5py: `write FOLDER` makes what the tests read, `read FOLDER` checks what Annvil wrote."""

import pathlib
import sys

import h5py
import numpy as np

from values import DIM, ROWS, values


def answers():
    return np.stack([np.arange(5), (np.arange(5) + 7) % ROWS], axis=1).astype("i4")


def write(folder):
    for kind in ["f2", "f4", "f8", "u1", "i1", "bool"]:
        for libver in ["earliest", "latest"]:
            chunks = {
                "plain": {},
                "chunks": {"chunks": (7, 6)},
                "gzip": {"chunks": (64, 8), "compression": "gzip", "shuffle": True, "fletcher32": True},
                "lzf": {"chunks": (50, 20), "compression": "lzf", "shuffle": True},
                "single": {"chunks": (ROWS, DIM), "compression": "gzip"},
                "grows": {"chunks": (1, 10), "maxshape": (None, DIM)},
                "grows-gzip": {"chunks": (1, 3), "maxshape": (None, DIM), "compression": "gzip"},
                "may-grow": {"chunks": (9, 6), "maxshape": (2 * ROWS, 2 * DIM)},
            }
            if kind == "f4":
                # More than 1,024 chunks: the index has pages.
                chunks["pages"] = {"chunks": (1, 4)}
                chunks["pages-gzip"] = {"chunks": (1, 4), "compression": "gzip"}
                chunks["one-chunk"] = {"chunks": (ROWS, DIM)}
            for name, options in chunks.items():
                with h5py.File(folder / f"{kind}.{libver}.{name}.hdf5", "w", libver=libver) as file:
                    file.attrs["distance"] = "hamming" if kind == "bool" else "angular"
                    file.attrs["dimension"] = DIM
                    file.create_dataset("train", data=values(kind), **options)
                    file.create_dataset("test", data=values(kind)[:5])
                    file.create_dataset("neighbors", data=answers())
                    file.create_dataset("distances", data=answers().astype("f4"))
    for name, set_up in {
        "f4.latest.compact": lambda plist: plist.set_layout(h5py.h5d.COMPACT),
        "f4.latest.implicit": early,
    }.items():
        with h5py.File(folder / f"{name}.hdf5", "w", libver="latest") as file:
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            set_up(plist)
            space = h5py.h5s.create_simple((ROWS, DIM))
            data = h5py.h5d.create(file.id, b"train", h5py.h5t.IEEE_F32LE, space, plist)
            data.write(h5py.h5s.ALL, h5py.h5s.ALL, values("f4"))
            file.attrs["distance"] = "angular"
    with h5py.File(folder / "f4.other.names.hdf5", "w", userblock_size=1024) as file:
        file.attrs["distance"] = np.bytes_("angular")
        for number in range(40):
            file.attrs[f"note {number}"] = "x" * 100
            file.create_dataset(f"other {number}", data=np.arange(number + 1))
        file.create_dataset("base", data=values("f4"))
        file.create_dataset("query", data=values("f4")[:5])
    # So many chunks that the blocks of the index have pages of their own.
    many = (np.arange(140_000) % 251).astype("u1").reshape(-1, 1)
    with h5py.File(folder / "many.hdf5", "w", libver="latest") as file:
        file.create_dataset("train", data=many, chunks=(1, 1), maxshape=(None, 1))
    refused = {
        "sparse": lambda file: file.attrs.__setitem__("type", "sparse"),
        "big-endian": lambda file: file.create_dataset("train", data=values("f4").astype(">f4")),
        "text": lambda file: file.create_dataset("train", data=np.array([[b"a", b"b"]])),
        "flat": lambda file: file.create_dataset("train", data=np.arange(9.0)),
        "compound": lambda file: file.create_dataset("train", data=np.zeros((2, 2), "f4,i4")),
        "scaled": lambda file: file.create_dataset("train", data=values("u1"), chunks=(9, 9), scaleoffset=0),
        "unwritten": lambda file: file.create_dataset("train", shape=(9, 9), chunks=(3, 3), dtype="f4"),
        "other": lambda file: file.create_dataset("something", data=values("f4")),
    }
    for name, make in refused.items():
        with h5py.File(folder / f"refused.{name}.hdf5", "w") as file:
            make(file)
    with h5py.File(folder / "refused.columns.hdf5", "w", libver="latest") as file:
        file.create_dataset("train", data=values("f4"), chunks=(9, 9), maxshape=(None, None))


def early(plist):
    plist.set_chunk((16, 7))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)


def read(folder):
    for kind in ["f2", "f4", "u1", "i1", "bool"]:
        with h5py.File(folder / f"{kind}.hdf5", "r") as file:
            assert sorted(file) == ["distances", "neighbors", "test", "train"], list(file)
            assert file.attrs["distance"] == "euclidean" and file.attrs["type"] == "dense"
            assert file.attrs["dimension"] == DIM
            assert file["train"].dtype == values(kind).dtype, file["train"].dtype
            assert np.array_equal(file["train"][:], values(kind))
            assert np.array_equal(file["test"][:], values(kind)[:5])
            assert np.array_equal(file["neighbors"][:], [[1, 0], [2, -1]])
            assert np.array_equal(file["distances"][:], [[0.5, 1.5], [2.0, np.inf]])


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](pathlib.Path(sys.argv[2]))
