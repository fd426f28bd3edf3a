"""Executable relations between ideas: what is claimed, how it is measured, which misreadings it rejects.

claim           the form of a claim: what it says, its check, its wrong variants; the verdict's one rule
draw            random inputs from a seed, in double or single precision
measure         how far two tensors are apart
mixers          runs a mixer in parts, and compares two of them, their gradients too
smallest        the search for the smallest input on which two functions differ
registry        walks the folders: ``list_claims``, ``get_claim``; loads no torch
judging         from the figures of all draws to a verdict
own             a folder of its own: claims that a user wrote, read as text and executed in a confined process
verify          executes a claim: ``run_claim``, ``run_wrong_variants``, ``current_hash``

Every folder is a family (``fast_weights``, ``recurrence``, ...), every file in it a small group of claims that share
their check's tools: its ``CLAIMS`` is read. Files that begin with an underscore hold what several of a family share.

A verdict follows from two numbers only, what was measured and its bound. A claim that rejects no wrong variant proves
nothing: each names some, and a test runs them all. What is popularly believed and false is a claim too: its statement
is the belief, its expected verdict is *refuted*, its wrong variants are the corrections under which the belief would
be true, and the smallest input on which it fails is searched for. Torch is imported inside the checks, so that
listing is quick.
"""
