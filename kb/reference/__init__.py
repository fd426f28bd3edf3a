"""The reference implementations: one file an idea, in PyTorch, found by walking this folder.

Ideas       scaled_dot_product_attention, multi_head_attention, post_ln, pre_ln, fast_weight_programmer,
            linear_attention, ulmfit, gopher_block, rwkv_4, pangu_pi
header      reads a literate header: the sections, the weights and the parameters that it declares
registry    walks the folder: ``list_ideas``, ``get_idea``, ``parse_idea`` (of a user's edited code); loads no torch
parameters  reads and range-checks what a user sets: parameters and sizes
program     composes the text of a program that runs or compares ideas in a confined process; loads no torch
guest       what such a program begins with; knows torch and nothing of this package
inputs      (torch) the same inputs and weights on this side, for claims and tests

The header is the machine-readable interface
--------------------------------------------
``Form`` is one of

mixer       ``f(q, k, v, ...) -> o``: q, k (B, T, H, K), v and o (B, T, H, V)
block       ``f(x, w, ...) -> y``: x, y (B, T, D), w the weights by name
schedule    ``f(...) -> rates`` (steps, groups)

A mixer or block may return a pair instead, the second being the state that the next token needs.

``Weights`` lists ``names (dimensions) initial``, parted by semicolons: ``w_q, w_k (D, D); b_1 (F) zero``. A
dimension is a size (B, T, H, K, V, D, F, R), a parameter's name or a number. ``initial`` is ``zero``, ``one``, a
number, ``low..high`` (evenly spaced along the last dimension), or nothing: normal, variance one over the number of
rows. A weight depends on the seed, its name and its shape only, so two blocks that share names run on the same
weights.

``Parameters`` lists ``name = default``, then ``in low..high`` or ``of a | b``, then in brackets the neutral value and
what it gives back, parted by semicolons: ``heads = 2 in 1..16 (heads=1 gives scaled-dot-product-attention)``.

``Parents`` says what to remove from the idea to get an ancestor back; every other label is prose.
"""
