"""Executable relations between ideas: what is claimed, how it is measured, which misreadings it rejects.

claim           the form of a claim: what it says, its check, its wrong variants; the verdict's one rule
fast_weights    claims of the family fast-weights, one file a family
recurrence      claims of the family recurrence
pre_training    claims of the family pre-training
registry        walks the folder: ``list_claims``, ``get_claim``; loads no torch
verify          executes a claim: ``run_claim``, ``run_wrong_variants``, ``current_hash``

A verdict follows from two numbers only, what was measured and its bound. A claim that rejects no wrong variant proves
nothing: each names some, and a test runs them all. Torch is imported inside the checks, so that listing is quick.
"""
