"""What a user attaches: the part of ``Library`` that keeps code of his own with papers and ideas, and reads it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from kb.errors import InvalidQueryError, KBError, NotFoundError
from kb.library.lists import Lists
from kb.library.snippet_files import clean_code, decode_code, read_file, read_set, write_set
from kb.records import Idea, Snippet, SnippetReading, SnippetsTaken, SnippetVersion
from kb.reference.registry import get_idea, list_ideas
from kb.reference.variant import read_snippet
from kb.store import snippets as kept

_PREFIX = "snippet:"
_LONGEST_NAME = 100
_DIGITS = 18
"""Digits that any number of the database has at most."""


class Snippets(Lists):
    """Methods of ``Library``; it is never made by itself."""

    def attach(self, name: str, label: str, code: str, *, parameters: str = "", like: str = "") -> Snippet:
        """Attach code to a paper or an idea, under a name that the record has not given yet.

        Parameters
        ----------
        parameters : what the user names of its settings: ``decay = 0.9 in 0..1; mode = a of a | b``
        like       : the idea whose form it takes; by default the one it is attached to, or the only one with code
                     that the paper introduces

        Raises
        ------
        InvalidQueryError : the code or the parameters cannot be read, or the name is empty, too long or taken
        """
        key, label = self._key_for(name), clean_name(label)
        model = self.shipped(like) if like else self._find_model(key)
        code, slug = clean_code(code, label), model.slug if model else ""
        read_snippet(code, model, named=parameters)
        with self._store.write() as session:
            return kept.save_snippet(session, key, label, code, parameters=parameters.strip(), like=slug)

    def snippets(self, name: str | None = None) -> list[Snippet]:
        """Return the snippets attached to a record, or all, oldest first."""
        key = self.resolve(name) if name else None
        with self._store.read() as session:
            return kept.list_snippets(session, key)

    def snippet(self, name: str | int) -> Snippet:
        """Return a snippet by its number or its address, ``snippet:12``.

        Raises
        ------
        NotFoundError : there is none of this number
        """
        number = str(name).strip().removeprefix(_PREFIX)
        if not (number.isascii() and number.isdecimal() and len(number) <= _DIGITS):
            raise NotFoundError(f"no snippet is called {name!r}; 'stemma snippets' lists them by number")
        with self._store.read() as session:
            return kept.get_snippet(session, int(number))

    def read_snippet(self, snippet: Snippet) -> SnippetReading:
        """Return what a snippet is, a variant or a program, and what can be set in it.

        What was kept by an earlier version, or for an idea that has changed, may be unreadable now: a remark says so.
        """
        try:
            return self._read(snippet)
        except InvalidQueryError as error:
            return SnippetReading("program", (), remarks=(str(error),))

    def read_code(self, code: str, *, like: str = "", parameters: str = "", name: str = "") -> SnippetReading:
        """Return what code is that is not attached, and what can be set in it, without running it.

        Raises
        ------
        InvalidQueryError : it is no Python, or has no such parameters
        NotFoundError     : there is no idea that it could be like
        """
        return read_snippet(code, self.shipped(like) if like else None, named=parameters, slug=name)

    def variants(self) -> tuple[Idea, ...]:
        """Return the snippets that run on a standard input and can be compared, as ideas, oldest first."""
        readings = [self.read_snippet(one) for one in self.snippets()]
        return tuple(reading.idea for reading in readings if reading.idea)

    def change_snippet(self, changed: Snippet) -> Snippet:
        """Keep a snippet as it is given here; what it was before stays among its versions.

        Raises
        ------
        NotFoundError     : there is none of this number
        InvalidQueryError : as for ``attach``
        """
        before = self.snippet(changed.id)
        key = before.key if changed.key == before.key else self._key_for(changed.key)
        name = clean_name(changed.name)
        changed = replace(changed, key=key, name=name, code=clean_code(changed.code, name))
        self._read(changed)
        with self._store.write() as session:
            return kept.change_snippet(session, changed)

    def remove_snippet(self, number: int) -> None:
        """Take a snippet out, with its versions; the runs of it stay recorded."""
        with self._store.write() as session:
            kept.delete_snippet(session, number)

    def snippet_versions(self, number: int) -> list[SnippetVersion]:
        """Return what a snippet was before it was changed, newest first."""
        with self._store.read() as session:
            return kept.list_versions(session, number)

    def snippet_counts(self) -> dict[str, int]:
        """Return how many snippets are attached to each paper and idea that is here."""
        with self._store.read() as session:
            return kept.count_attached(session)

    def present_key(self, snippet: Snippet) -> str:
        """Return the present key of what a snippet is attached to; empty where that is no longer here."""
        with self._store.read() as session:
            return kept.find_present(session, snippet.key)

    def export_snippets(self, snippets: Sequence[Snippet]) -> dict[str, str]:
        """Return files by name: one a snippet, and a manifest of them all."""
        return write_set([(one, self.read_snippet(one)) for one in snippets])

    def attach_set(self, path: Path | IO[bytes]) -> SnippetsTaken:
        """Attach the files of an exported folder or zip, each to what it says; one that is refused stops no other."""
        attached, already, refused = [], [], []
        for file, content in read_set(path):
            try:
                one = read_file(decode_code(content, file))
                key = self._key_for(one.key)
                if any((it.name, it.code) == (one.name, one.code) for it in self.snippets(key)):
                    already.append(file)
                else:
                    attached.append(self.attach(key, one.name, one.code, parameters=one.parameters, like=one.like))
            except KBError as error:
                refused.append((file, str(error)))
        return SnippetsTaken(tuple(attached), tuple(already), tuple(refused))

    def find_model(self, snippet: Snippet) -> Idea | None:
        """Return the shipped idea that tells of a snippet what its text does not, and with which it is compared."""
        like = snippet.like
        return (
            next((idea for idea in list_ideas() if idea.slug == like), None)
            if like
            else self._find_model(snippet.key)
        )

    def shipped(self, name: str) -> Idea:
        """Return a reference implementation by slug, or by any name of its idea.

        Raises
        ------
        NotFoundError : the idea is unknown or has no code yet
        """
        try:
            return get_idea(name.removeprefix("code:").removeprefix("concept:"))
        except NotFoundError:
            return get_idea(self.resolve(name).split(":", 1)[1])

    def _read(self, snippet: Snippet) -> SnippetReading:
        model, named = self.find_model(snippet), snippet.parameters
        return read_snippet(snippet.code, model, named=named, slug=snippet.address, title=snippet.name)

    def _key_for(self, name: str) -> str:
        """Return the key to attach to."""
        if not name.strip():
            raise InvalidQueryError("it is not said what to attach it to; name a paper or an idea")
        key = self.resolve(name)
        if key.startswith("article:"):
            raise InvalidQueryError(f"{key} is an article; attach code to a paper or an idea")
        return key.replace("code:", "concept:", 1) if key.startswith("code:") else key

    def _find_model(self, key: str) -> Idea | None:
        """Return the only idea with code that a record stands for: an idea itself, or what a paper introduces."""
        slugs = [key.removeprefix("concept:")]
        if not key.startswith("concept:"):
            try:
                slugs = list(self.paper(key).introduces)
            except KBError:
                return None
        models = [idea for idea in list_ideas() if idea.slug in slugs]
        return models[0] if len(models) == 1 else None


def clean_name(text: str) -> str:
    """Return the name of a snippet on one line, without control characters.

    Raises
    ------
    InvalidQueryError : it is empty or too long
    """
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if not name:
        raise InvalidQueryError("a snippet needs a name; write one")
    if len(name) > _LONGEST_NAME:
        raise InvalidQueryError(f"the name is longer than {_LONGEST_NAME} characters; shorten it")
    return name
