"""The reference implementations: one file an idea, in PyTorch, found by walking this folder.

header         reads a literate header: the sections, the gates, the weights and the parameters that it declares
registry       walks the folder: ``list_ideas``, ``get_idea``, ``parse_idea`` (of edited code); loads no torch
parameters     reads and range-checks what a user sets: parameters, gates and sizes
text           the small text on which objectives run (``text.txt``), as words with numbers
program        composes the text of a program that runs or compares ideas in a confined process; loads no torch
guest_inputs   the first part of such a program: inputs, gates, weights, tokens; knows torch, not this package
guest_figures  the second: what is shown of an output, how far two are apart
guest          the third: runs ideas and measures what comes out
inputs         (torch) the same inputs and weights on this side, for claims and tests

Every other file is an idea.

The header is the machine-readable interface
--------------------------------------------
``Form`` is the signature that an idea shares with its family:

mixer         ``f(q, k, v, [gates], state=None, *, ...) -> o or (o, state)``   q, k (B, T, H, K); v, o (B, T, H, V)
position      ``f(q, k, [w], *, ...) -> scores``        q, k (B, T, H, K); scores (B, H, T, T): the logits before the
              softmax, query by key, without a mask, scaled only where the scheme's own paper scales inside
features      ``f(x, *, ...) -> phi``                   x (B, T, H, K); phi (B, T, H, P), P is the idea's own
norm          ``f(x, [w], *, ...) -> y``                x, y (B, T, D)
feed-forward  ``f(x, w, *, ...) -> y``                  x, y (B, T, D)
recurrence    ``f(x, w, state=None, *, ...) -> (y, state)``   x, y (B, T, D), the hidden size is D
block         ``f(x, w, [state=None], *, ...) -> y or (y, state)``   x, y (B, T, D)
schedule      ``f(*, ...) -> rates``                    rates (steps, groups)
objective     ``f(tokens, [w], *, ...) -> losses``      tokens (B, T) int64; losses (B, T) in nats, 0 where a position
              has no loss

A state is what the next token needs. Mixers, recurrences and blocks are causal as their parameters stand; features,
norms and feed-forwards treat every token alone, but for a norm whose ``Assumes`` says ``across tokens`` (of one
sequence) or ``across the batch``.

``Gates`` (mixers only) lists ``names (dimensions) low..high``, then in brackets the neutral value and what it gives
back, parted by semicolons: ``beta (B, T, H) 0..1; decay (B, T, H) 0.5..1 (decay=1 gives linear-attention)``. A gate
is drawn uniformly between low and high from the seed, its name and its shape, and passed by name after v. A user can
set it to one number (``decay=1``). In a comparison all that name a gate get the same numbers: drawn over the
dimensions that they share, in the range that they share, and repeated along the others.

``Weights`` (position, norm, feed-forward, recurrence, block, objective) lists ``names (dimensions) initial``, parted
by semicolons: ``w_q, w_k (D, D); b_1 (F) zero``. A dimension is a size (B, T, H, K, V, D, F, R, C), the name of a
parameter or a number. ``initial`` is ``zero``, ``one``, a number, ``low..high`` (evenly spaced along the last
dimension), or nothing: normal, variance one over the number of rows. A weight depends on the seed, its name and its
shape only, so two ideas of a form that share names run on the same weights. Without ``Weights`` the function takes no
``w``.

``Parameters`` lists ``name = default``, then ``in low..high`` or ``of a | b``, then in brackets the neutral value and
what it gives back, parted by semicolons: ``heads = 2 in 1..16 (heads=1 gives scaled-dot-product-attention)``.

``Parents`` says what to remove from the idea to get an ancestor back; every other label is prose.

Tokens are words of ``text.txt``, lower-cased, punctuation marks being words of their own; their numbers go by falling
frequency. C is the size of the vocabulary with two words that come first: 0 is ``<mask>``, which never stands in the
text, and 1 is ``<other>``, which stands for every word beyond C. Row b of a batch begins at
``seed * T + b * (length // B)`` and wraps round at the end: seeds 0, 1, 2 read each row's passage on.
"""
