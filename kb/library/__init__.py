"""The Python door: one method a command, and nothing in it but calls downstairs.

::

    from kb.library import Library

    with Library.open("library.db") as library:
        for hit in library.search("who invented linear attention").hits:
            print(hit.year, hit.title)
"""

from kb.library.door import Library
from kb.library.opening import Progress

__all__ = ["Library", "Progress"]
