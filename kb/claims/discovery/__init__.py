"""The search for relations that nobody wrote down: two ideas of one form that are one under some conditions.

substitutions   what may be set in an idea, read from its header and from those of its kin
program         the program that searches in a confined process; the guest's parts stand in ``kb.reference``:
                guest_conditions (what is asked of inputs), guest_agreement (running with substitutions),
                guest_confirming (fresh inputs), guest_lattice (what may be set together), guest_weakness (which of
                two agreements asks for less), guest_discovery (the search)
reading         what it reports, as records; what follows from what
known           which relations the catalogue has
telling         a relation in a sentence
draft           a relation as a claim that runs, with draft_code

Nothing here loads torch. ``kb.graph.order`` makes the relations an order, ``kb.library.discovery`` is the way in.
"""
