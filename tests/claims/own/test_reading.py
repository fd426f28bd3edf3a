"""A user's own claim is read from its text: what it says, and in one line why it is refused; it is never run."""

import sys

import pytest

from kb.claims.own.reading import read_claim
from kb.claims.registry import file_of, get_claim
from kb.errors import InvalidQueryError
from tests.own_claims import write_claim


def test_a_claim_says_what_it_says():
    card = read_claim(write_claim(bound_single="1e-5", pitfall='"None."', between='("delta-rule", "deltanet")'))

    assert (card.name, card.id, card.own) == ("mine", "mine", True)
    assert card.statement == "What I say holds."
    assert (card.kind, card.expected, card.cost, card.holds) == ("equality", "verified", "exact", "at most")
    assert (card.bound, card.bound_single, card.draws) == (1e-12, 1e-5, 3)
    assert card.wrong_variants == ("one instead of zero",)
    assert card.between == ("delta-rule", "deltanet")
    assert (card.evidence.paper, card.evidence.locator) == ("", "my own")
    assert not card.has_example


def test_what_ships_can_be_read_as_it_is():
    id = "softmax-and-linear-attention-are-one-function"
    shipped = get_claim(id)

    card = read_claim(file_of(shipped).read_text(encoding="utf-8"))

    assert (card.name, card.statement, card.kind) == (id, shipped.statement, shipped.kind)
    assert (card.expected, card.bound, card.between) == ("refuted", shipped.bound, shipped.between)
    assert card.wrong_variants == tuple(shipped.wrong_variants)
    assert card.has_example
    assert set(card.executes) == set(shipped.executes)
    assert card.evidence == shipped.evidence


def test_reading_runs_nothing():
    read_claim(write_claim(more="import sys\nsys.modules['own claim ran'] = sys\n"))

    assert "own claim ran" not in sys.modules


def test_constants_of_the_top_level_stand_for_their_values():
    card = read_claim(write_claim(more='_WHERE = "arxiv:2006.16236"\n', evidence='Evidence(_WHERE, locator="Eq. 5")'))

    assert (card.evidence.paper, card.evidence.locator) == ("arxiv:2006.16236", "Eq. 5")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"wrong_variants": "{}"}, "a claim that rejects nothing proves nothing; name one misreading"),
        ({"wrong_variants": None}, "the field wrong_variants is missing: a claim that rejects nothing"),
        ({"wrong_variants": "dict(a=_wrong)"}, "a dictionary written out"),
        ({"wrong_variants": '{"a": _wrong, "a": _subject}'}, "the name of another"),
        ({"wrong_variants": "{" + ",".join(f'"{n}": _wrong' for n in range(21)) + "}"}, "of 20 at most"),
        ({"subject": None}, "the field subject is missing"),
        ({"bound": None}, "the field bound is missing; add it, or begin with 'stemma claim new'"),
        ({"bound": '"small"'}, "bound is 'small', not a number"),
        ({"bound": "float('nan')"}, "bound is computed (float('nan'))"),
        ({"bound": "1e999"}, "bound is not finite"),
        ({"bound": "10**400"}, "bound is computed"),
        ({"bound": "+".join(["1"] * 900)}, "bound is computed"),
        ({"bound": "-" * 90 + "1j"}, "bound is"),
        ({"bound": "True"}, "bound is True, not a number"),
        ({"draws": "1000000"}, "draws is 1000000; write a whole number in 1..200"),
        ({"draws": "0"}, "draws is 0"),
        ({"draws": "2.0"}, "draws is 2.0"),
        ({"id": '"My claim!"'}, "write small letters, digits and hyphens"),
        ({"statement": '""'}, "statement is empty"),
        ({"statement": "'a' * 3"}, "statement is computed"),
        ({"statement": repr("a" * 601)}, "statement has 601 characters, of 600 at most"),
        ({"statement": "f'{1}'"}, "statement is computed (f'{1}')"),
        ({"kind": '"proof"'}, "kind is 'proof'; write one of equality, reduction"),
        ({"expected": '"refuted"'}, 'of kind "separation"'),
        ({"expected": '"perhaps"'}, "expected is 'perhaps'; write one of verified, refuted"),
        ({"family": '"mine"'}, "family is 'mine'"),
        ({"cost": '"cheap"'}, "cost is 'cheap'"),
        ({"evidence": '"me"'}, "evidence is 'me'; write Evidence("),
        ({"equation": '"$x$ ![](http://example.org/a.png)"'}, "equation holds a $"),
        ({"executes": '("linear-atention",)'}, "executes: no reference implementation is called 'linear-atention'"),
        ({"between": '"linear-attention"'}, "between is 'linear-attention'; write at most 8 in brackets"),
        ({"colour": '"red"'}, "there is no field 'colour'; there are id, statement"),
        ({"more": "from kb.store import runs\n"}, "it imports kb.store"),
        ({"more": "import kb.library.door\n"}, "it imports kb.library.door"),
        ({"more": "from kb.reference.nothing import nothing\n"}, "it imports kb.reference.nothing, which is not"),
        ({"more": "from kb.claims.measure import nearly\n"}, "it imports kb.claims.measure.nearly, which is not"),
        ({"more": "from snippet_12 import mine\n"}, "there is no snippet 12"),
        ({"more": "def broken(:\n"}, "the code cannot be read in line"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(changes: dict[str, str | None], told: str):
    with pytest.raises(InvalidQueryError) as refused:
        read_claim(write_claim(**changes))  # type: ignore[arg-type]

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "it assigns CLAIMS nowhere"),
        ("CLAIMS = ()\n", "CLAIMS holds 0 claims"),
        ("CLAIMS = (Claim(), Claim())\n", "CLAIMS holds 2 claims"),
        ("CLAIMS = (1,)\n", "no Claim(...) written out"),
        ("CLAIMS = (Claim(**{}),)\n", "takes each field by its name"),
        ("CLAIMS = (Claim('a'),)\n", "takes each field by its name"),
        ("CLAIMS = ()\nCLAIMS = ()\n", "it assigns CLAIMS 2 times"),
        ("(" * 5000, "the code cannot be read"),
    ],
)
def test_a_file_without_one_claim_is_refused(text: str, told: str):
    with pytest.raises(InvalidQueryError) as refused:
        read_claim(text)

    assert told in str(refused.value)


def test_texts_lose_what_could_steer_a_terminal_and_stay_on_one_line():
    card = read_claim(write_claim(statement=r'"red \x1b[31m and\nbelow ."'))

    assert card.statement == "red [31m and below ."


def test_the_hash_is_of_the_file_and_of_what_it_imports():
    plain = read_claim(write_claim())
    snippet = {"snippet_3": "def f():\n    return 1\n"}
    more = "from snippet_3 import f\n"

    assert plain.code_hash != read_claim(write_claim(bound="1e-11")).code_hash
    assert plain.code_hash == read_claim(write_claim()).code_hash
    using = read_claim(write_claim(more=more), snippet)
    assert using.code_hash != read_claim(write_claim(more=more), {"snippet_3": "def f():\n    return 2\n"}).code_hash


def test_what_is_imported_counts_as_executed_whatever_the_file_says():
    card = read_claim(write_claim(more="from kb.reference.delta_rule import delta_rule\n"))

    assert card.executes == ("delta-rule",)
