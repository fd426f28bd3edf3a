"""A hundred texts on which every form of the model must agree with the torch model.

Single sentences, paragraphs and texts beyond the longest the model reads; prose, names, formulas, code, numbers,
capitals, other scripts. ``probe_vectors.npy`` holds what ``SentenceTransformer.encode`` of the pinned weights says
of each; a test computes it again.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VECTORS = Path(__file__).with_name("probe_vectors.npy")

_SENTENCES = (
    "Attention",
    "LSTM",
    "who invented linear attention?",
    "A memory that adds can never forget; a memory that corrects must first read what it holds.",
    "The state of the network is a matrix of K times V numbers, whatever the length of the text.",
    "Rotating queries and keys by an angle that grows with the position makes their product depend on the distance.",
    "o_t = S_t^T q_t, S_t = S_{t-1} + \\beta_t k_t (v_t - S_{t-1}^T k_t)^T",
    "def forward(self, x): return x + self.attention(self.norm(x))",
    "Training diverged at step 41,250 with a learning rate of 3e-4 and came back with warm-up over 2,000 steps.",
    "THE NORM STANDS BEFORE THE LAYER, NOT AFTER IT",
    "Sepp Hochreiter and Jürgen Schmidhuber wrote about vanishing gradients in the nineties.",
    "注意力机制",
    "Она читала статью о нейронных сетях до поздней ночи.",
    "Le gradient s'évanouit quand la chaîne des dérivées est trop longue.",
    "The cat sat on the mat, the dog lay by the door, and nobody said a word until the kettle began to sing.",
    "Prices of copper fell for the third week as warehouses in two harbours reported growing stocks.",
    "Boil the lentils with a bay leaf, add salt only at the end, and let them rest under a lid for ten minutes.",
    "Word vectors learned from windows of five words place Paris near France as Rome is near Italy.",
    "SELECT key, title FROM papers WHERE year BETWEEN 1990 AND 1999 ORDER BY year;",
    "1.0 0.5 0.25 0.125 0.0625 0.03125",
    "What is the difference between layer normalisation and root mean square normalisation?",
    "A gate is a sigmoid times a value; it decides how much of the past survives the present.",
    "Pruning removes weights, distillation removes layers, quantisation removes bits.",
    "In the second experiment the larger model needed fewer examples to reach the same loss.",
    "Citations run backward in time; ideas run forward.",
    "The judge adjourned the hearing because the only witness had missed her train.",
    "Sparse mixtures send every token to two of sixty-four experts, so that few weights work at any one time.",
    "I can't, won't and don't -- you'd better ask someone else's e-mail: nobody@example.org!",
    "http://localhost:8501/?page=lineage&as_of=1997#concept",
    "Softmax(QK^T / sqrt(d)) V",
    "A volcano under the glacier melted enough ice overnight to flood the coastal road.",
    "Beam search keeps the best k prefixes; greedy decoding keeps one; sampling keeps none.",
    "It was neither the first nor the best, but it was the one that everybody could run.",
    "Tokens, tokens, tokens, tokens, tokens, tokens, tokens, tokens, tokens, tokens.",
)


def list_probes() -> list[str]:
    """Return the hundred texts, from one word to beyond 256 tokens."""
    count = len(_SENTENCES)
    lengths = [1] * count + [3] * 33 + [9] * 22 + [16] * 11
    return [" ".join(_SENTENCES[(i * 5 + j * 7) % count] for j in range(length)) for i, length in enumerate(lengths)]


@cache
def read_probe_vectors() -> NDArray[np.float32]:
    """Return the torch model's vectors of the probes, (100, 384) of unit norm."""
    vectors = np.load(VECTORS, allow_pickle=False).astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / norms, np.float32)
