"""Code to begin with: the shipped one with one line added, or a small program for what has no code yet."""

import ast
import re

from kb.records import Idea
from kb.reference.header import FORMS, parse_gates, write_gate
from kb.reference.variant.literals import parse_code
from kb.reference.variant.naming import write_parameters

_FIRST = {
    "mixer": "v = v.clamp(min=-0.5)",
    "position": "q = q.clamp(min=-0.5)",
    "objective": "tokens = tokens.flip(1)",
    "value-objective": "rewards = rewards.clamp(min=-0.5)",
}
"""What is added before the first statement of the shipped function; of a form that reads x, the same is done to x."""
_ON_X = "x = x.clamp(min=-0.5)"
_NOTE = "  # the line that differs from the shipped code: change it, or anything else"

_PROGRAM = '''"""A program of your own: it runs confined, with torch, and shows what it reports and prints."""

import torch

steps = 40
rate = 0.1

x = torch.tensor([1.0, -2.0], requires_grad=True)
losses = []
for step in range(steps):
    loss = (x**2).sum()
    (slope,) = torch.autograd.grad(loss, x)
    x = (x - rate * slope).detach().requires_grad_()
    losses.append(loss.item())

report("loss", losses[-1])
report("losses", losses)
'''


def build_template(idea: Idea | None = None) -> str:
    """Return code to begin with, which runs at once: of an idea, its shipped code with one line added."""
    if idea is None:
        return _PROGRAM
    title = f"A version of {idea.title.partition(':')[0]} of your own."
    told = {
        "Form": idea.form,
        "Gates": "; ".join(write_gate(gate) for gate in parse_gates(idea.sections.get("Gates", ""))),
        "Weights": idea.sections.get("Weights", ""),
        "Parameters": write_parameters(idea.parameters),
    }
    labels = "\n".join(f"{name:<12}{_break(text)}" for name, text in told.items() if text)
    return f'"""{title}\n\n{labels}\n"""\n{_change(idea)}'


def _break(text: str) -> str:
    """Return the entries of a label one a line."""
    return (";\n" + " " * 12).join(entry.strip() for entry in text.split(";"))


def _change(idea: Idea) -> str:
    """Return the shipped code without its header, the function with one line more, or with another result."""
    tree = parse_code(idea.code)
    lines = idea.code.splitlines()
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == idea.function)
    first = function.body[1 if ast.get_docstring(function) else 0]
    if FORMS[idea.form]:
        lines.insert(first.lineno - 1, f"    {_FIRST.get(idea.form, _ON_X)}{_NOTE}")
    else:
        place = max(node.lineno for node in ast.walk(function) if isinstance(node, ast.Return)) - 1
        lines[place] = re.sub(r"return (.+)", rf"return 0.5 * (\1){_NOTE}", lines[place])
    header = tree.body[0].end_lineno or 0
    return "\n".join(lines[header:]) + "\n"
