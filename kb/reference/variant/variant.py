"""A user's function with the signature of a form, read as an idea: it runs and compares like a shipped one."""

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import replace

from kb.errors import InvalidQueryError
from kb.records import DRAWN, Idea, Parameter
from kb.reference.header import FORMS, GATED, WEIGHTED, Gate, parse_gates, parse_weights, speak_form, write_gate
from kb.reference.parameters import SIZES
from kb.reference.variant.labels import ask_for_form, read_labels
from kb.reference.variant.literals import parse_code
from kb.reference.variant.naming import loosen, refine_by_label, refine_parameters
from kb.reference.variant.signature import Signature, guess_forms, list_signatures


class NoVariantError(InvalidQueryError):
    """No function of the code has the signature of a form: it is a program."""


def parse_variant(code: str, like: Idea | None = None, *, named: str = "", slug: str = "", title: str = "") -> Idea:
    """Return the idea that a user's code describes, without executing it.

    Parameters
    ----------
    like  : the idea from which form, gates, weights and ranges come where the code does not say them
    named : the parameters that the user named, as ``kb.reference.variant.naming`` reads them
    slug  : what the result is called where ideas are named; by default the function
    title : by default the slug

    Raises
    ------
    NoVariantError    : no public function takes the inputs of the form
    InvalidQueryError : the code, a label or a named parameter cannot be read, or a gate or weights are not declared
    """
    taken, labels, form = _choose(parse_code(code), like)
    model = like if like is not None and like.form == form else None
    weights, gates = _take_weights(taken, labels, model, form), _take_gates(taken, labels, model, form)
    passed = {*FORMS[form], *(gate.name for gate in gates), *(["w"] if weights else [])}
    _refuse_unknown(taken, passed, form)
    known = _list_parameters(taken, passed, labels.get("Parameters", ""), model)
    slug = slug or taken.name.replace("_", "-")
    return Idea(
        slug=slug,
        title=title or slug,
        form=form,
        function=taken.name,
        sections=_write_sections(labels, form, weights, gates, model),
        parameters=tuple({**known, **refine_parameters(named, known)}.values()),
        gates=tuple(Parameter(gate.name, DRAWN, gate.low, gate.high, neutral=gate.neutral) for gate in gates),
        code=code,
        code_hash=hashlib.sha256(code.encode()).hexdigest(),
    )


def _choose(tree: ast.Module, like: Idea | None) -> tuple[Signature, dict[str, str], str]:
    """Return the function that counts, its labels and its form.

    Of several that have the signature of a form, the one named like the idea's function counts, then the last of the
    idea's form, then the last.
    """
    found, unclear = [], ""
    for one in list_signatures(tree):
        labels = read_labels(tree, one.node)
        forms = _list_forms(one, labels, like)
        if len(forms) == 1:
            found.append((one, labels, forms[0]))
        elif forms:
            unclear = f"{one.name} takes {', '.join(FORMS[forms[0]])}: {ask_for_form(forms)}"
    if not found:
        raise NoVariantError((unclear if like is None else "") or _tell_no_function(tree, like))
    found.sort(key=lambda one: like is not None and (one[0].name == like.function, one[2] == like.form))
    return found[-1]


def _list_forms(signature: Signature, labels: Mapping[str, str], like: Idea | None) -> list[str]:
    if "Form" in labels:
        return [labels["Form"]] if signature.fits(labels["Form"]) else []
    return [like.form] if like is not None and signature.fits(like.form) else guess_forms(signature)


def _tell_no_function(tree: ast.Module, like: Idea | None) -> str:
    public = [node for node in tree.body if getattr(node, "name", "_")[0] != "_"]
    if any(isinstance(node, ast.FunctionDef) for node in public):
        form = read_labels(tree).get("Form") or (like.form if like else "mixer")
        taken = ", ".join(FORMS[form]) or "nothing but settings"
        return f"no public function of the code takes {taken} by name, as {speak_form(form)} does"
    for node in public:
        if isinstance(node, ast.AsyncFunctionDef):
            return f"{node.name} is async, and only a plain function can be called as a variant"
        if isinstance(node, ast.ClassDef):
            return f"the code defines the class {node.name}, and no public function at the top level"
    return "the code defines no public function at the top level"


def _list_parameters(taken: Signature, passed: set[str], label: str, model: Idea | None) -> dict[str, Parameter]:
    """Return what can be set: the arguments with a default, refined by the label or by the model."""
    names = [name for name in taken.defaults if name not in passed]
    if clash := [name for name in names if name in SIZES]:
        raise InvalidQueryError(f"the parameter {clash[0]} of {taken.name} has the name of a size: rename it")
    known = {name: Parameter(name, taken.defaults[name]) for name in names}
    if label:
        return {**known, **refine_by_label(label, known)}
    shipped = {one.name: one for one in model.parameters} if model else {}
    return {name: _inherit(one, shipped.get(name)) for name, one in known.items()}


def _inherit(own: Parameter, shipped: Parameter | None) -> Parameter:
    """Return a parameter with the range and the choices that the model's parameter of this name has."""
    if shipped is None or type(shipped.default) is not type(own.default):
        return own
    return loosen(replace(shipped, default=own.default, neutral=""))


def _take_weights(taken: Signature, labels: Mapping[str, str], model: Idea | None, form: str) -> str:
    """Return the section Weights, empty where the function takes none."""
    if "w" not in taken.names and not taken.takes_any:
        return ""
    text = labels.get("Weights") or (model.sections.get("Weights", "") if model else "")
    if "w" in taken.required and form not in WEIGHTED:
        raise InvalidQueryError(f"{taken.name} takes weights w, and {speak_form(form)} has none: leave w out")
    if "w" in taken.required and not text:
        raise InvalidQueryError(f"{taken.name} takes weights w: declare them, for example 'Weights  w_1 (D, D)'")
    parse_weights(text)
    return text if form in WEIGHTED else ""


def _take_gates(taken: Signature, labels: Mapping[str, str], model: Idea | None, form: str) -> tuple[Gate, ...]:
    """Return the gates that are passed: those that the code declares, or those of the model that it takes."""
    if form not in GATED:
        return ()
    if "Gates" in labels:
        gates = parse_gates(labels["Gates"])
        if missing := [gate.name for gate in gates if gate.name not in taken.names and not taken.takes_any]:
            raise InvalidQueryError(f"the label Gates names {missing[0]}, which {taken.name} does not take")
        return gates
    gates = tuple(replace(one, neutral="") for one in parse_gates(model.sections.get("Gates", "") if model else ""))
    return tuple(
        gate for gate in gates if gate.name not in taken.defaults and (gate.name in taken.names or taken.takes_any)
    )


def _refuse_unknown(taken: Signature, passed: set[str], form: str) -> None:
    """Raise where the function wants an argument that nobody would pass by name."""
    if taken.by_place:
        raise InvalidQueryError(f"{taken.name} takes {taken.by_place[0]} by place only: leave the '/' out")
    for name in taken.names:
        if name in taken.required and name not in passed:
            gate = f", or declare it: 'Gates  {name} (B, T, H) 0..1'" if form in GATED else ""
            raise InvalidQueryError(f"the argument {name} of {taken.name} has no default: give it one{gate}")


def _write_sections(
    labels: Mapping[str, str], form: str, weights: str, gates: tuple[Gate, ...], model: Idea | None
) -> dict[str, str]:
    sections = {**labels, "Form": form, "Weights": weights, "Gates": "; ".join(map(write_gate, gates))}
    if model and "Assumes" in model.sections:
        sections.setdefault("Assumes", model.sections["Assumes"])
    return {name: text for name, text in sections.items() if text}
