"""Prints a Parquet file that Annvil exported, as pyarrow reads it: types of the columns, then a line of JSON a row."""

import json
import sys

import pyarrow.parquet as pq

table = pq.read_table(sys.argv[1])
print(json.dumps({field.name: [str(field.type), field.nullable] for field in table.schema}))
for row in table.to_pylist():
    row["began"] = row["began"] and row["began"].isoformat()
    print(json.dumps(row))
