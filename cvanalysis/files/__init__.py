"""Raw files of any kind → cells. The only room, with the cleaning of each domain, that reads the data folder.

`sheets` opens a file whatever its form (`delimited`, `workbooks` and `archives` do the bytes) and finds its header; `numbers` and `dates`
say what a cell means. Nothing is imported here: an unchanged build must not pay for pandas.
"""

import os

# Arrow's own pool maps a GiB at a time, which a limit on memory would count as used; this one is as fast here.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
