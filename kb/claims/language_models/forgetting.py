"""Fine-tuning a language model: how much of its first text it forgets, by the rates of its layers."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject, find_worst
from kb.claims.draw import Draw
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

_WORDS, _WIDTH, _ROWS, _LENGTH = 64, 24, 8, 16
_STEPS, _TUNING, _RATE = 100, 40, 0.01
_GROUPS = ("embedding", "_1", "_2", "_3")


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure by how many nats the first text costs less after tuning in the second and third way than in the first,
    the lesser of the two."""
    first = _read_text()
    second = _renumber(draw)[first]
    w = _start(draw)
    _train(w, first, draw, [dict.fromkeys(_GROUPS, _RATE)] * _STEPS)
    before = _cost(w, first)
    after = []
    for rates in subject(_TUNING, len(_GROUPS)):
        tuned = {name: one.detach().clone() for name, one in w.items()}
        _train(tuned, second, draw, [dict(zip(_GROUPS, row, strict=True)) for row in rates.tolist()])
        after.append((_cost(tuned, first), _cost(tuned, second)))
    margins = [after[0][0] - forgotten for forgotten, _ in after[1:]]
    costs = ", ".join(f"{old:.2f} on the old text and {new:.2f} on the new" for old, new in after)
    return Measurement(find_worst(margins, "at least"), f"{before:.2f} nats before, then {costs}")


def _renumber(draw: Draw) -> "Tensor":
    import torch

    return torch.randperm(_WORDS, generator=draw.generator)


def _read_text() -> "Tensor":
    import torch

    from kb.reference.text import number_words

    return torch.tensor(number_words(_WORDS))


def _start(draw: Draw) -> "Weights":
    w = {"embedding": draw.normal(_WORDS, _WIDTH, scale=_WIDTH**-0.5)}
    for end in ("_1", "_2", "_3"):
        w |= {f"{name}{end}": draw.normal(4, _WIDTH, _WIDTH, scale=_WIDTH**-0.5) for name in ("w_ifgo", "u_ifgo")}
        w[f"b_ifgo{end}"] = draw.normal(4, _WIDTH, scale=0.0)
    return w


def _loss(w: "Weights", tokens: "Tensor") -> "Tensor":
    """Return the mean loss of the words (B, T) behind those before them, with one table at both ends."""
    from torch.nn.functional import cross_entropy

    from kb.reference.awd_lstm import awd_lstm

    layers = {name.replace("_1", ""): one for name, one in w.items()}
    h, _ = awd_lstm(w["embedding"][tokens[:, :-1]] * _WIDTH**0.5, layers, weight_drop=0.0)
    return cross_entropy((h @ w["embedding"].T * _WIDTH**0.5).flatten(0, 1), tokens[:, 1:].flatten())


def _train(w: "Weights", text: "Tensor", draw: Draw, rates: "list[dict[str, float]]") -> None:
    """Take a step of Adam for each entry of the rates, on rows cut anywhere from the text."""
    import torch

    groups = {group: [one.requires_grad_() for name, one in w.items() if name.endswith(group)] for group in _GROUPS}
    optimiser = torch.optim.Adam([{"params": own} for own in groups.values()])
    for row in rates:
        for group, rate in zip(optimiser.param_groups, row.values(), strict=True):
            group["lr"] = rate
        place = draw.integers(0, len(text) - _LENGTH, _ROWS)[:, None] + torch.arange(_LENGTH + 1)
        slopes = torch.autograd.grad(_loss(w, text[place]), list(w.values()))
        for one, slope in zip(w.values(), slopes, strict=True):
            one.grad = slope
        optimiser.step()


def _cost(w: "Weights", text: "Tensor") -> float:
    import torch

    rows = text[: len(text) // (_LENGTH + 1) * (_LENGTH + 1)].view(-1, _LENGTH + 1)
    with torch.no_grad():
        return float(_loss(w, rows))


def _three_ways(steps: int, groups: int) -> "list[Tensor]":
    """Return the rates (steps, groups) of one rate for all, of discriminative ones, and of these and thawing."""
    from kb.reference.ulmfit import discriminative_rates, slanted_triangular_rates, ulmfit

    triangle = slanted_triangular_rates(steps, _RATE)[:, None]
    return [triangle.expand(-1, groups), triangle * discriminative_rates(groups), ulmfit(steps, groups)]


def _lower_layers_fastest(steps: int, groups: int) -> "list[Tensor]":
    one, discriminative, _ = _three_ways(steps, groups)
    return [one, 2.6**groups * discriminative.flip(1) / 2.6, one]


def _two_rates_for_one(steps: int, groups: int) -> "list[Tensor]":
    one, discriminative, thawed = _three_ways(steps, groups)
    return [discriminative, one, thawed]


CLAIMS = (
    Claim(
        id="discriminative-rates-forget-less-than-one-rate-for-all",
        statement=(
            "A language model of three LSTM layers that is tuned to another text forgets less of its first text with "
            "rates that fall by 2.6 a layer, and with ULMFiT's whole schedule, than with one rate for all layers."
        ),
        kind="ordering",
        between=("discriminative-fine-tuning", "gradual-unfreezing", "ulmfit"),
        evidence=Evidence("arxiv:1801.06146", "Sections 3.2, 3.3 and 5, the analysis of fine-tuning"),
        inputs=(
            "the shipped text in 64 words, then the same with its words renumbered; width 24, weights tied; 100 "
            "steps of Adam and 40; seeds for weights, rows and numbers; float64"
        ),
        bound=0.1,
        why_bound=(
            "Forgetting is the movement of weights away from the first text. Of four groups the lower three move at "
            "2.6, 7 and 18 times smaller rates: a tenth of a nat is asked of it, where one rate loses more than one."
        ),
        pitfall=(
            "What is forgotten less is also learnt less of the new text in as many steps. Whether thawing adds "
            "anything to the rates differs from seed to seed here, and of the paper's accuracies nothing is said."
        ),
        family="language-models",
        check=_check,
        subject=_three_ways,
        wrong_variants={
            "lower layers fastest": _lower_layers_fastest,
            "one rate before discriminative ones": _two_rates_for_one,
        },
        executes=("ulmfit", "awd-lstm"),
        holds="at least",
        cost="trend",
        draws=3,
    ),
)
