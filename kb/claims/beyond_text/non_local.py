"""The non-local block: attention over the places of an image."""

from typing import TYPE_CHECKING

from kb.claims.claim import Claim, Measurement, Subject
from kb.claims.draw import Draw
from kb.claims.measure import relative
from kb.records import Evidence

if TYPE_CHECKING:
    from torch import Tensor

    Maps = tuple[Tensor, Tensor, Tensor]

_WIDTH = 4


def _check(subject: Subject, draw: Draw) -> Measurement:
    """Measure the subject's sums over pairs of places of an image of 3 by 4 against attention over 12 tokens."""
    from kb.reference.scaled_dot_product_attention import scaled_dot_product_attention

    image = draw.normal(2, _WIDTH, 3, 4)
    theta, phi, g = draw.normal(3, _WIDTH, _WIDTH, scale=0.5)
    tokens = image.flatten(2).transpose(1, 2)
    q, k, v = ((tokens @ w)[:, :, None] for w in (theta * _WIDTH**0.5, phi, g))
    attended = scaled_dot_product_attention(q, k, v, causal=False)[0][:, :, 0]
    return Measurement(relative(subject(image, (theta, phi, g)), attended.transpose(1, 2).view_as(image)))


def _over_pairs(image: "Tensor", maps: "Maps", *, weight: str = "exponential", divisor: str = "sum") -> "Tensor":
    """Return y_i = sum_j f(x_i, x_j) g(x_j) / C, place by place."""
    import torch

    theta, phi, g = maps
    places = [(row, column) for row in range(image.shape[2]) for column in range(image.shape[3])]
    y = torch.zeros_like(image)
    for i in places:
        total, mass = 0 * image[:, :, 0, 0], image.new_zeros(len(image), 1)
        for j in places:
            product = ((image[:, :, *i] @ theta) * (image[:, :, *j] @ phi)).sum(dim=1, keepdim=True)
            f = {"exponential": product.exp(), "product": product, "relu": product.relu()}[weight]
            total, mass = total + f * (image[:, :, *j] @ g), mass + f
        y[:, :, *i] = total / (mass if divisor == "sum" else len(places))
    return y


def _embedded_gaussian(image: "Tensor", maps: "Maps") -> "Tensor":
    return _over_pairs(image, maps)


def _dot_product(image: "Tensor", maps: "Maps") -> "Tensor":
    return _over_pairs(image, maps, weight="product", divisor="places")


def _rectified_products(image: "Tensor", maps: "Maps") -> "Tensor":
    return _over_pairs(image, maps, weight="relu", divisor="places")


def _divided_by_the_places(image: "Tensor", maps: "Maps") -> "Tensor":
    return _over_pairs(image, maps, divisor="places")


def _not_embedded(image: "Tensor", maps: "Maps") -> "Tensor":
    import torch

    one = torch.eye(_WIDTH, dtype=image.dtype)
    return _over_pairs(image, (one, one, maps[2]))


def _rows_alone(image: "Tensor", maps: "Maps") -> "Tensor":
    import torch

    return torch.cat([_over_pairs(row, maps) for row in torch.split(image, 1, dim=2)], dim=2)


CLAIMS = (
    Claim(
        id="a-non-local-block-with-exponentials-is-attention-over-places",
        statement=(
            "A non-local block whose weights are exponentials of products of embedded places, divided by their sum, "
            "is attention over all places of the image with the scale taken into a projection. With the products "
            "themselves for weights it is not."
        ),
        kind="reduction",
        between=("scaled-dot-product-attention", "non-local-block"),
        evidence=Evidence("arxiv:1711.07971", "Section 3.2"),
        inputs="normal images of 3 by 4 places and 4 channels, normal maps; float64",
        equation=(
            r"y_i = \sum_j \frac{e^{\theta(x_i)^\top \phi(x_j)}}{\sum_l e^{\theta(x_i)^\top \phi(x_l)}}\, g(x_j)"
        ),
        bound=1e-12,
        why_bound="Sums of twelve terms in another order: rounding is near 1e-15.",
        pitfall="The block adds its input to what comes out, and knows nothing of where places lie.",
        family="beyond-text",
        check=_check,
        subject=_embedded_gaussian,
        wrong_variants={
            "products for weights": _dot_product,
            "rectified products": _rectified_products,
            "divided by the number of places": _divided_by_the_places,
            "places not embedded": _not_embedded,
            "each row by itself": _rows_alone,
        },
        executes=("scaled-dot-product-attention",),
    ),
)
