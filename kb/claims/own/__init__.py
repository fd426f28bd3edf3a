"""A claim of a user's own: the same form as those that ship, read as text here, executed in a confined process.

reading     ``read_claim``: a file's text as a claim's card; nothing of it is executed
fields      what each field of a claim may hold, and the line in which another value is refused
inputs      how inputs of two ideas are drawn, as code
neutral     at which settings an idea says that it gives another
modules     which shipped files, and which snippets, the text imports: they are sent along
program     composes the text that the confined process gets
guest       that process's part: it draws, checks, and reports figures; it knows no bound and reaches no verdict
judging     figures that came out of it, all of them doubted, as a verdict, by the rule of the claims that ship
template    a file to begin with, which runs as it stands

The rules of a file
-------------------
A Python file with ``CLAIMS = (Claim(...),)`` at its end, one claim in it. What a claim says (id, statement, kind,
bound, names of the wrong variants, ...) is written out as literals, or as names of constants of the top level, so
that it can be read without running it; what it does (check, subject, wrong variants, smallest) is code, and is left
to the confined process. It imports from ``kb.claims``, ``kb.reference`` and ``kb.records``, torch and the standard
library; ``from snippet_12 import slow`` imports a snippet of the library. Such a file can move into a family's folder
as it is.
"""
