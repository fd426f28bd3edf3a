"""A snippet in words: what it is, when it was kept, what can be set in it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kb.cli.own_code import parameters_line
from kb.cli.streams import to_json

if TYPE_CHECKING:
    from kb.records import Snippet, SnippetReading


def snippet_kind(snippet: "Snippet", reading: "SnippetReading") -> str:
    """Return what a snippet is, and what it is like."""
    if reading.idea is None:
        return "a program"
    like = f" of {snippet.like}" if snippet.like else ""
    return f"a variant{like} ({reading.idea.form})"


def kept_when(snippet: "Snippet") -> str:
    """Return when a snippet was last changed, and its version where it has several."""
    when = snippet.changed_at or snippet.created_at
    return f"{when:%Y-%m-%d}" + (f", version {snippet.version}" if snippet.version > 1 else "")


def print_settings(reading: "SnippetReading") -> None:
    """Print what can be set, and what could not be read."""
    from kb.cli.page import write

    settings = [*reading.parameters, *(reading.idea.gates if reading.idea else ())]
    if settings:
        write((f"settings: {parameters_line(settings)}", "dim"), indent=2, hang=2)
    for remark in reading.remarks:
        write((remark, "dim"), indent=2, hang=2)


def snippet_json(snippet: "Snippet", reading: "SnippetReading") -> dict[str, Any]:
    """Return a snippet without its code, for a JSON document."""
    told = {name: value for name, value in asdict(snippet).items() if name != "code"}
    named = {"kind": reading.kind, "form": reading.idea.form if reading.idea else None}
    settings = {"settings": to_json(reading.parameters), "remarks": list(reading.remarks)}
    return {"address": snippet.address, **told, **named, **settings}
