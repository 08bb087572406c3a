"""The time of a text COPY by psycopg, in the protocol of crates/load/examples/clients.rs.

psycopg_copy.py BASE: for each line `copy ROWS` on standard input the vectors of the file BASE are written row by row into a
new table of the server in the variable DATABASE_URL, again and again until there are ROWS; rows, seconds and processor
seconds go to standard output. What is timed begins with COPY and ends with the commit.
"""

import os
import sys
import time

import numpy as np
import psycopg

base = np.load(sys.argv[1]).astype(np.float32)
# Lists of Python's own floats, each the shortest decimal of its value, as they come from JSON: texts are no longer than needed.
values, places = np.unique(base, return_inverse=True)
short = np.array([float(str(value)) for value in values])
vectors = short[places].reshape(base.shape).tolist()
print("ready", flush=True)
connection = psycopg.connect(os.environ["DATABASE_URL"])
for line in sys.stdin:
    rows = int(line.split()[1])
    connection.execute(f"CREATE TABLE psycopg_copy (id bigint PRIMARY KEY, embedding vector({base.shape[1]}))")
    connection.commit()
    wall, processor = time.perf_counter(), time.process_time()
    with connection.cursor() as cursor, cursor.copy("COPY psycopg_copy (id, embedding) FROM STDIN") as copy:
        for row in range(rows):
            copy.write_row((row, "[" + ",".join(map(str, vectors[row % len(vectors)])) + "]"))
    connection.commit()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(rows, wall, processor, flush=True)
    connection.execute("DROP TABLE psycopg_copy")
    connection.commit()
