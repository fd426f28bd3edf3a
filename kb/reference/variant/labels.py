"""The labels of a literate header as a user's own docstring may hold them: any of them, none required.

A label begins a line and is followed by two blanks or more, as in the shipped files; its text goes on in indented
lines. So prose that begins with such a word (``Parameters are listed below``) is no label.
"""

import ast
import re

from kb.errors import InvalidQueryError
from kb.reference.header import FORMS, LABELS, speak_form

_LABEL = re.compile(rf"({'|'.join(LABELS)})(?: {{2,}}|\t+)(\S.*)")


def read_labels(tree: ast.Module, function: ast.FunctionDef | None = None) -> dict[str, str]:
    """Return the text of each label in the docstring of the module, and in that of the function.

    Raises
    ------
    InvalidQueryError : Form names no known form
    """
    labels: dict[str, str] = {}
    for node in (function, tree):
        labels |= _read(ast.get_docstring(node) or "") if node is not None else {}
    if "Form" in labels and labels["Form"] not in FORMS:
        raise InvalidQueryError(f"the label Form says {labels['Form']!r}: write one of {', '.join(FORMS)}")
    return labels


def ask_for_form(forms: list[str]) -> str:
    """Return in words how a user says which of several forms a function has."""
    several = " or ".join(speak_form(form) for form in forms)
    return f"it could be {several}: say what it is like, or write its form in its docstring, as in 'Form  {forms[0]}'"


def _read(docstring: str) -> dict[str, str]:
    labels: dict[str, list[str]] = {}
    label = ""
    for line in docstring.splitlines():
        if match := _LABEL.fullmatch(line.rstrip()):
            label = match[1]
            labels[label] = [match[2]]
        elif label and line[:1].isspace() and line.strip():
            labels[label].append(line.strip())
        else:
            label = ""
    return {name: ("\n" if name == "Equation" else " ").join(part) for name, part in labels.items()}
