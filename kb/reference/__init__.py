"""The reference implementations: one file an idea, in PyTorch, found by walking this folder.

header         reads a literate header: the sections, the gates, the weights and the parameters that it declares
registry       walks the folder: ``list_ideas``, ``get_idea``, ``parse_idea`` (of edited code); loads no torch
parameters     reads and range-checks what a user sets: parameters, gates and sizes
preconditions  says what a file asserts of settings that do not fit one another, before anything runs
text           the small text on which objectives run (``text.txt``), as words with numbers
program        composes the text of a program that runs an idea in a confined process; loads no torch
comparing      the same for several ideas on the same inputs
costing        the same for what ideas cost, as functions of their sizes
guest, ...     the parts of such a program, in the order in which they need one another; they know torch and one
               another, not this package: guest_inputs (inputs, gates, weights, tokens), guest_figures (what is
               shown of an output, how far two are apart), guest_flops (what one operation costs), guest_counting
               (what a call computes and holds), guest (runs ideas), guest_gradients, guest_comparing; for costs
               guest_paths (from token to token), guest_functions (polynomials), guest_costs, guest_formulas,
               guest_growth; for trainings guest_tasks (sequences and answers), guest_model (around an idea),
               guest_judging, guest_training
inputs         (torch) the same inputs and weights on this side, for claims and tests
variant        a folder of its own: a user's code, read as text, as an idea of one of the forms or as a program
presets        a folder of its own: the models of eight papers at their published sizes
training       a folder of its own: small trainings, their tasks and what the literature expects of them

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
value-objective  ``f(values, target_values, actions, rewards, *, ...) -> losses``   values, target_values
              (B, T, A, N): what each of N bins of each of A action dimensions is worth at each of T steps; actions
              (B, T, A) int64 in 0..N-1; rewards, losses (B, T); a row is an episode

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
