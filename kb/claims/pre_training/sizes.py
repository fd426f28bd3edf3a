"""Sizes of models as papers print them, set against weights that are listed and counted one by one."""

from dataclasses import replace
from typing import Any

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

_GPT_2 = (124_439_808, 354_823_168, 774_030_080, 1_557_611_200)
_GPT_1_WORDS = 40_478


def _count(config: Any, *without: str) -> int:
    """Return how many weights a model has, but for the parts that are named."""
    from kb.reference.presets.parts import count_parts

    return sum(count for name, count in count_parts(config.list_parts()).items() if name not in without)


def _list_rows(architecture: str) -> list[tuple[Any, int, int]]:
    """Return of each row of a paper's table its sizes, what is printed, and what its last digit stands for."""
    from kb.reference.presets import bert, gopher, gpt_2, transformer
    from kb.reference.presets.printed import read_printed

    papers = {"bert": bert, "gopher": gopher, "gpt_2": gpt_2, "transformer": transformer}
    return [(row.config, *read_printed(row.printed)) for row in papers[architecture].ARCHITECTURE.rows]


def _check_gpt_2(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many millions the subject's counts are off at worst."""
    rows = _list_rows("gpt_2")
    counts = [subject(config) for config, _, _ in rows]
    apart = [abs(count - printed) / 1e6 for count, (_, printed, _) in zip(counts, rows, strict=True)]
    return Measurement(find_worst(apart), "millions: " + ", ".join(f"{count / 1e6:.1f}" for count in counts))


def _as_said(config: Any) -> int:
    return _count(config)


def _of_the_first_gpt(config: Any) -> int:
    return _count(replace(config, vocabulary=_GPT_1_WORDS))


def _check_formula(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's formula is from the weights of the four released models, counted and as known."""
    apart = []
    for (config, _, _), known in zip(_list_rows("gpt_2"), _GPT_2, strict=True):
        formula = subject(config.layers, config.width)
        apart += [abs(formula - _count(config)), abs(formula - known)]
    return Measurement(find_worst(apart))


def _formula(layers: int, width: int) -> int:
    return (50_257 + 1024) * width + layers * (12 * width**2 + 13 * width) + 2 * width


def _biases_forgotten(layers: int, width: int) -> int:
    return _formula(layers, width) - 4 * layers * width


def _head_of_its_own(layers: int, width: int) -> int:
    return _formula(layers, width) + 50_257 * width


def _no_last_norm(layers: int, width: int) -> int:
    return _formula(layers, width) - 2 * width


def _places_computed(layers: int, width: int) -> int:
    return _formula(layers, width) - 1024 * width


def _check_bert(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's rounding of the counts is from what is printed, in millions, the worse of two."""
    counts = [_count(config) for config, _, _ in _list_rows("bert")]
    apart = [
        abs(subject(count) - printed) / 1e6 for count, (_, printed, _) in zip(counts, _list_rows("bert"), strict=True)
    ]
    return Measurement(find_worst(apart), " and ".join(f"{count / 1e6:.1f} million" for count in counts))


def _to_a_million(count: int) -> float:
    return round(count, -6)


def _to_ten_millions(count: int) -> float:
    return round(count, -7)


def _check_gopher(subject: Subject, draw: Draw) -> Measurement:
    """Measure how far the subject's counts are from the sizes that go with the names, the worst of six."""
    rows = _list_rows("gopher")
    counts = [subject(config) for config, _, _ in rows]
    apart = [abs(count / named - 1) for count, (_, named, _) in zip(counts, rows, strict=True)]
    return Measurement(find_worst(apart), "millions: " + ", ".join(f"{count / 1e6:.1f}" for count in counts))


def _with_distances(config: Any) -> int:
    return _count(config)


def _without_distances(config: Any) -> int:
    return _count(config, "relative positions")


def _second_table(config: Any) -> int:
    return _count(config) + int(config.vocabulary * config.width)


def _large_vocabulary(config: Any) -> int:
    return _count(replace(config, vocabulary=50_257))


def _check_transformer(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many of the eleven printed sizes the subject's counts miss when rounded."""
    apart = [(subject(config) - printed) / last for config, printed, last in _list_rows("transformer")]
    missed = sum(abs(one) > 0.5 for one in apart)
    # a count that is no number hits nothing
    return Measurement(missed + 0 * find_worst(apart), f"{missed} of 11 missed")


def _as_in_the_text(config: Any) -> int:
    return _count(replace(config, vocabulary=37_000))


def _forty_one_thousand(config: Any) -> int:
    return _count(replace(config, vocabulary=41_100))


def _check_order(subject: Subject, draw: Draw) -> Measurement:
    """Measure how many pairs of rows the subject's counts order otherwise than the printed sizes."""
    from itertools import combinations

    rows = [(subject(config), printed) for config, printed, _ in _list_rows("transformer")]
    wrong = sum(not (one[0] < other[0]) for one, other in combinations(sorted(rows, key=lambda row: row[1]), 2))
    return Measurement(float(wrong) + 0 * rows[0][0], f"{wrong} of 55 pairs")


def _all_weights(config: Any) -> int:
    return _count(config)


def _embedding_alone(config: Any) -> int:
    return int(config.vocabulary * config.width)


def _attention_alone(config: Any) -> int:
    return _count(config, "embedding", "feed-forward")


CLAIMS = (
    Claim(
        id="gpt-2s-sizes-follow-from-its-vocabulary",
        statement="The sizes printed of GPT-2, 117 to 1542 million, follow from its table and its 50,257 words.",
        kind="separation",
        between=("generative-pre-training",),
        evidence=Evidence("s2:9405cc0d6169988371b2755e573cc28650d14dfe", "Section 2.3 and table 2"),
        inputs="shapes alone: layers and widths of the four rows, 1024 places, one table of words at both ends",
        equation=r"N = (V + 1024)\, d + L\, (12 d^2 + 13 d) + 2 d",
        bound=0.5,
        why_bound="A number that is rounded to the million is off by half of one at most.",
        pitfall=(
            "With 40,478 words, those of the first GPT, all four come out: 116.9, 344.8, 761.5 and 1542.0. That the "
            "old vocabulary was used in counting is inferred; the authors say in their repository that sizes were "
            "wrong."
        ),
        family="pre-training",
        check=_check_gpt_2,
        subject=_as_said,
        wrong_variants={"the 40,478 words of the first GPT": _of_the_first_gpt},
        executes=("generative-pre-training",),
        expected="refuted",
        draws=1,
    ),
    Claim(
        id="gpt-2-has-as-many-weights-as-its-formula",
        statement=(
            "The released GPT-2 models have exactly as many weights as a table of words and one of places, and of "
            "each layer 12 d^2 + 13 d, with 2 d behind the last: 124,439,808 to 1,557,611,200."
        ),
        kind="count",
        between=("generative-pre-training",),
        evidence=Evidence("s2:9405cc0d6169988371b2755e573cc28650d14dfe", "Section 2.3 and table 2"),
        inputs="shapes alone: the four rows, with 50,257 words",
        equation=r"N = (V + 1024)\, d + L\, (12 d^2 + 13 d) + 2 d",
        bound=0.0,
        why_bound="Weights are counted.",
        pitfall="Thirteen: four biases of attention, five of the network, four numbers of two norms.",
        family="pre-training",
        check=_check_formula,
        subject=_formula,
        wrong_variants={
            "attention without biases": _biases_forgotten,
            "a head of its own": _head_of_its_own,
            "no norm behind the last layer": _no_last_norm,
            "places that are computed": _places_computed,
        },
        executes=("generative-pre-training",),
        draws=1,
    ),
    Claim(
        id="berts-sizes-are-rounded-to-the-million",
        statement="BERT's sizes, 110 and 340 million, are those of its models, rounded to the million.",
        kind="separation",
        between=("masked-language-model",),
        evidence=Evidence("arxiv:1810.04805", "Section 3"),
        inputs="shapes alone: 12 layers of width 768 and 24 of 1024, 30,522 words, 512 places, with poolers",
        bound=0.5,
        why_bound="A number that is rounded to the million is off by half of one at most.",
        pitfall="The large model has 335,141,888 weights. Rounded to ten millions both are right.",
        family="pre-training",
        check=_check_bert,
        subject=_to_a_million,
        wrong_variants={"rounded to ten millions": _to_ten_millions},
        executes=("masked-language-model",),
        expected="refuted",
        draws=1,
    ),
    Claim(
        id="gophers-names-count-its-relative-positions",
        statement=(
            "With the matrix and the two vectors of relative positions in every layer, all six Gopher models have "
            "the sizes of their names within two per cent; without them none has."
        ),
        kind="count",
        between=("relative-positions", "gopher-block"),
        evidence=Evidence("arxiv:2112.11446", "Table 1"),
        inputs="shapes alone: the six rows, networks four times as wide, 32,000 words in one table",
        equation=r"N = V d + L\,(13 d^2 + 9 d)",
        bound=0.02,
        why_bound="Names have two or three digits: 1.4B is right within four per cent, and 1.37 is two off.",
        pitfall="That these weights are part of the names follows from the sums; the table does not show them.",
        papers=("arxiv:1901.02860",),
        family="pre-training",
        check=_check_gopher,
        subject=_with_distances,
        wrong_variants={
            "without relative positions": _without_distances,
            "a second table for words out": _second_table,
            "the vocabulary of GPT-2": _large_vocabulary,
        },
        executes=("gopher-block",),
        draws=1,
    ),
    Claim(
        id="the-transformers-sizes-follow-from-37000-words",
        statement="The sizes that table 3 prints of the Transformer follow from a shared vocabulary of about 37,000.",
        kind="separation",
        between=("transformer", "post-ln"),
        evidence=Evidence("arxiv:1706.03762", "Section 5.1 and table 3"),
        inputs="shapes alone: the eleven rows that print a size; one table of words, attention without biases",
        bound=1.0,
        why_bound="Of eleven numbers that are rounded to the million, one misprint would be believed.",
        pitfall=(
            "With any vocabulary from 41,010 to 41,200 ten of the eleven come out, with 37,000 none does. It is an "
            "inference from sums, no statement of the authors."
        ),
        family="pre-training",
        check=_check_transformer,
        subject=_as_in_the_text,
        wrong_variants={"41,100 words": _forty_one_thousand},
        executes=("post-ln", "multi-head-attention", "layer-normalisation"),
        expected="refuted",
        draws=1,
    ),
    Claim(
        id="the-transformers-rows-are-in-the-order-of-their-weights",
        statement="Counted with 37,000 words, the eleven rows of table 3 are in the order of their printed sizes.",
        kind="ordering",
        between=("transformer", "post-ln"),
        evidence=Evidence("arxiv:1706.03762", "Table 3"),
        inputs="shapes alone: the eleven rows that print a size; one table of words, attention without biases",
        bound=0.0,
        why_bound="Pairs in another order are counted.",
        family="pre-training",
        check=_check_order,
        subject=_all_weights,
        wrong_variants={
            "the table of words alone": _embedding_alone,
            "attention and norms alone": _attention_alone,
        },
        executes=("post-ln", "multi-head-attention", "layer-normalisation"),
        draws=1,
    ),
)
