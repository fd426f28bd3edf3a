"""Stemma: a literature knowledge base of neural-architecture ideas, in which the lineage runs.

A map of the rooms. The number is the floor; imports point down only.

==  ===========  ==============================================================
 0  errors       the tree of what can go wrong
 0  chinese      one script for traditional and simplified characters
 0  ids          parse and normalise identifiers
 0  settings     one frozen object, read once at a front door
 0  records      frozen dataclasses: all that may cross a room's door
 1  store        SQLAlchemy and Alembic: the library on disk
 2  search       text to vectors, hybrid ranking
 2  graph        networkx: ancestry, paths, co-citation, the layout of the map
 2  reference    one file an idea, in PyTorch
 2  runner       untrusted code in a confined process
 3  claims       executable relations between ideas, and their verdicts
 3  ingest       (top level) the only room that opens a socket
 4  library      the Python door: ``Library``, one method a command
 5  cli, ui      the two front doors
==  ===========  ==============================================================

Importing this package loads neither torch nor Streamlit.
"""

__version__ = "0.1.0"
