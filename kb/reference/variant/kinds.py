"""Variant or program: what a snippet is, what can be set in it, and what could not be read."""

import ast
from collections.abc import Mapping
from dataclasses import replace

from kb.errors import InvalidQueryError
from kb.records import Idea, Parameter, SnippetReading
from kb.reference.parameters import parse_values
from kb.reference.variant.literals import list_literals, parse_code, replace_literals
from kb.reference.variant.naming import refine_parameters
from kb.reference.variant.signature import list_signatures
from kb.reference.variant.variant import NoVariantError, parse_variant

REPORT = "report"
"""What the confined process gives a program: ``report(name, value)``. Code that calls it is a program."""


def read_snippet(
    code: str, like: Idea | None = None, *, named: str = "", slug: str = "", title: str = ""
) -> SnippetReading:
    """Return what a user's code is and what can be set in it; see ``parse_variant`` for the parameters.

    Raises
    ------
    InvalidQueryError : the code is no Python, or what was named is not in it
    """
    tree = parse_code(code)
    try:
        if is_reporting(tree):
            raise NoVariantError("it reports figures itself")
        idea = parse_variant(code, like, slug=slug, title=title)
    except InvalidQueryError as error:
        return _read_program(tree, named, str(error))
    known = {one.name: one for one in idea.parameters}
    parameters = tuple({**known, **refine_parameters(named, known)}.values())
    return SnippetReading("variant", parameters, replace(idea, parameters=parameters), _remark_on(tree, idea))


def fill_program(code: str, parameters: tuple[Parameter, ...], given: Mapping[str, object], name: str) -> str:
    """Return a program with its constants set: those given, as text or number, and the named defaults.

    Raises
    ------
    InvalidQueryError : a name that is no parameter of it, or a value outside its range or choices
    """
    return replace_literals(code, parse_values(name, parameters, given))


def is_reporting(tree: ast.Module) -> bool:
    """Tell whether the code calls the ``report`` that it is given, and does not define it itself."""
    called = any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == REPORT
        for node in ast.walk(tree)
    )
    return called and not any(getattr(node, "name", "") == REPORT for node in tree.body)


def _read_program(tree: ast.Module, named: str, reason: str) -> SnippetReading:
    """Return a program; without named parameters, every constant of its top level can be set."""
    known = {name: Parameter(name, value) for name, value in list_literals(tree).items()}
    parameters = refine_parameters(named, known) if named.strip() else known
    # a program without a function of its own was never meant as a variant
    remarks = (f"it runs as a program: {reason}",) if list_signatures(tree) and not is_reporting(tree) else ()
    return SnippetReading("program", tuple(parameters.values()), remarks=remarks)


def _remark_on(tree: ast.Module, idea: Idea) -> tuple[str, ...]:
    """Return one line for each argument whose default is no plain value, and for other functions of the form."""
    signatures = list_signatures(tree)
    taken = next(one for one in signatures if one.name == idea.function)
    plain = {one.name for one in (*idea.parameters, *idea.gates)} | {"w", "state"}
    fixed = [name for name in taken.names if name not in taken.required and name not in plain]
    remarks = [
        f"the argument {name} of {idea.function} cannot be set: its default is no number, switch or word"
        for name in fixed
    ]
    others = [one.name for one in signatures if one.name != idea.function and one.fits(idea.form)]
    if others:
        remarks.append(f"what runs is {idea.function}; {', '.join(others)} would fit too")
    return tuple(remarks)
