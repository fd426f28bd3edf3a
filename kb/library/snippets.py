"""What a user attaches: the part of ``Library`` that keeps programs with papers and ideas."""

from kb.library.lists import Lists
from kb.records import Snippet
from kb.store import runs


class Snippets(Lists):
    """Methods of ``Library``; it is never made by itself."""

    def attach(self, name: str, label: str, code: str) -> Snippet:
        """Attach a program to a paper or an idea."""
        key = self.resolve(name)
        with self._store.write() as session:
            return runs.save_snippet(session, key, label, code)

    def snippets(self, name: str | None = None) -> list[Snippet]:
        """Return the snippets attached to a record, or all."""
        key = self.resolve(name) if name else None
        with self._store.read() as session:
            return runs.list_snippets(session, key)
