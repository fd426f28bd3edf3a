"""Who is expected ahead of whom, and where that was found: statements of papers, in our words.

They speak of larger models, longer sequences and longer training than two minutes allow. A statement stands here
where the ideas that it compares are ideas of this library; whether a small training shows the same is measured.
"""

from kb.records import Finding

_SOFTMAX = "scaled-dot-product-attention"
_SCHLAG = "Schlag, Irie, Schmidhuber (2021), arXiv:2102.11174"
_FU = "Fu, Dao, Saab, Thomas, Rudra, Ré (2022), arXiv:2212.14052"
_GLA = "Yang, Wang, Shen, Panda, Kim (2023), arXiv:2312.06635"
_YANG = "Yang, Wang, Zhang, Shen, Kim (2024), arXiv:2406.06484"

FINDINGS: tuple[Finding, ...] = (
    Finding(
        ("recall", "multi-query-recall"),
        _SOFTMAX,
        ("linear-attention", "dpfp"),
        f"{_SCHLAG}, section 6.1.1 and figure 2",
        "With more keys than features, linear attention mixes them up; softmax attention does not.",
    ),
    Finding(
        ("recall", "multi-query-recall"),
        "dpfp",
        ("linear-attention",),
        f"{_SCHLAG}, section 6.1.1 and figure 2",
        "Features of more dimensions keep more keys apart: dpfp is ahead of elu + 1.",
    ),
    Finding(
        ("recall", "multi-query-recall"),
        "deltanet",
        ("linear-attention",),
        f"{_SCHLAG}, section 6.1.2; {_YANG}, abstract",
        "The delta rule corrects what is stored where the sum piles up, and recalls better.",
    ),
    Finding(
        ("recall",),
        _SOFTMAX,
        ("structured-state-space",),
        f"{_FU}, section 3.1",
        "Models of two layers: attention recalls 100 %, S4D 86 %.",
    ),
    Finding(
        ("multi-query-recall",),
        _SOFTMAX,
        ("rwkv-4",),
        "Arora et al. (2023), arXiv:2312.04927, figure 2",
        "Attention recalls at every width; RWKV needs more width the longer the sequence.",
    ),
    Finding(
        ("multi-query-recall",),
        _SOFTMAX,
        ("retention", "gated-linear-attention", "selective-state-space"),
        f"{_GLA}, section 5.2 and figure 4",
        "Attention is perfect in all settings and therefore left out of the figure; the others are not.",
    ),
    Finding(
        ("multi-query-recall",),
        "gated-linear-attention",
        ("retention", "rwkv-4"),
        f"{_GLA}, section 5.2 and figure 4",
        "Decays that depend on the token are ahead of fixed ones, and a matrix for a state ahead of RWKV's vectors.",
    ),
    Finding(
        ("multi-query-recall",),
        "retention",
        ("rwkv-4",),
        f"{_GLA}, section 5.2 and figure 4",
        "Models with a matrix for a state are ahead of RWKV.",
    ),
    Finding(
        ("multi-query-recall",),
        "deltanet",
        ("gated-linear-attention", "retention", "rwkv-4", "selective-state-space"),
        f"{_YANG}, section 4.1",
        "At 512 tokens with 64 pairs, DeltaNet recalls (nearly) perfectly, ahead of Mamba, GLA, RetNet and RWKV-4.",
    ),
    Finding(
        ("copying",),
        _SOFTMAX,
        ("lstm", "selective-state-space"),
        "Jelassi, Brandfonbrener, Kakade, Malach (2024), arXiv:2402.01032, section 3",
        "Transformers learn to copy from far fewer examples than Mamba and the LSTM, whose states have a fixed size.",
    ),
    Finding(
        ("induction",),
        _SOFTMAX,
        ("structured-state-space",),
        f"{_FU}, section 3.1",
        "Models of two layers: attention finds 100 %, S4D 36 %.",
    ),
    Finding(
        ("induction",),
        "selective-state-space",
        ("structured-state-space",),
        "Gu, Dao (2023), arXiv:2312.00752, sections 3.1 and 4.1",
        "A recurrence that treats all tokens alike cannot choose what to keep; with selection it can.",
    ),
    Finding(
        ("text",),
        _SOFTMAX,
        ("structured-state-space",),
        f"{_FU}, section 3 (125 million parameters, OpenWebText)",
        "The Transformer has a perplexity of 20.6, S4D of 24.9.",
    ),
    Finding(
        ("text",),
        "deltanet",
        ("linear-attention",),
        f"{_SCHLAG}, section 6.3 (WikiText-103)",
        "The delta rule lowers the perplexity of a linear Transformer.",
    ),
    Finding(
        ("text",),
        "gated-linear-attention",
        ("state-space-duality", "retention", "linear-attention"),
        f"{_GLA}, table 4 (340 million parameters)",
        "Perplexity 14.8 with a gate for each channel, 15.6 with one for each head, 16.6 with a fixed decay, 23.2 "
        "without.",
    ),
    Finding(
        ("text",),
        "retention",
        ("linear-attention",),
        f"{_GLA}, table 4 (340 million parameters)",
        "Perplexity 16.6 with a fixed decay, 23.2 without.",
    ),
)
