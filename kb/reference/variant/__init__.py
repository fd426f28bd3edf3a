"""A user's own code, read as text and never executed: is it a variant of an idea, and what can be set in it?

literals    the constants that a program assigns at its top level: listed, and replaced by others
naming      the parameters that a user names: ``decay = 0.9 in 0..1; mode = a of a | b``
signature   what a function takes, from its text
labels      the labels of a literate header, all of them optional here
variant     ``parse_variant``: a function with the signature of a form, as an idea
kinds       ``read_snippet``: variant or program, and what is to be said about it
shapes      whether what came out has the shape of the form
templates   code to begin with: the shipped one with one line added, or a small program

The rules of a variant
----------------------
The code defines a public function that takes the inputs of a form by their names (``kb.reference``). Its form, gates,
weights and what it assumes stand in labels of its docstring, or of the function's, or else are those of the idea that
it is like. Every other argument with a number, a switch or a word as its default is a parameter; the range and the
choices of a parameter come from the label ``Parameters``, or else from the idea that it is like, as far as they suit.
What the user names on attaching outranks all of this.
"""

from kb.reference.variant.kinds import fill_program, is_reporting, read_snippet
from kb.reference.variant.shapes import tell_shape
from kb.reference.variant.templates import build_template
from kb.reference.variant.variant import parse_variant

__all__ = ["build_template", "fill_program", "is_reporting", "parse_variant", "read_snippet", "tell_shape"]
