"""The page Claims: the list with its filters, and one claim told in full."""

import re
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.settings import Settings

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]

BELIEF = "the-delta-rule-recalls-more-than-the-sum"


def _count(shown: str) -> int:
    return len(
        re.findall(r"○ not run +(?:equality|reduction|limit|scaling|ordering|count|inequality|separation)", shown)
    )


def test_the_list_tells_every_claim_by_family(app_page: Open, read_page: Read, library_db: Path) -> None:
    with Library.open(settings=Settings(db=str(library_db)), build=False) as library:
        cards = library.claims()
    shown = read_page(app_page("claims"))
    assert f"{len(cards)} claims:" in shown
    assert _count(shown) == len(cards)
    assert re.search(r"Fast weights \d+: \d+ not run", shown)


def test_filters_come_from_the_address_and_go_to_it(app_page: Open, read_page: Read, library_db: Path) -> None:
    with Library.open(settings=Settings(db=str(library_db)), build=False) as library:
        wanted = [c for c in library.claims() if c.kind == "separation" and c.family == "normalisation"]
    app = app_page("claims", kind="separation", family="normalisation")
    assert _count(read_page(app)) == len(wanted) > 0
    app.text_input(key="claims with words").set_value("residual dual").run()
    assert app.query_params["words"] == "residual dual"
    assert 0 < _count(read_page(app)) < len(wanted)


def test_words_that_nothing_holds_leave_one_calm_line(app_page: Open, read_page: Read) -> None:
    app = app_page("claims", words="hovercraft eels")
    assert "No claim passes these filters" in read_page(app)
    assert not app.error


def test_a_belief_is_refuted_on_its_page_with_its_example_and_its_history(
    app_page: Open, read_page: Read, own_db: Path
) -> None:
    with Library.open(settings=Settings(db=str(own_db)), build=False) as library:
        library.verify([BELIEF])
    shown = read_page(app_page("claims", db=own_db, id=BELIEF))
    assert "✗ refuted A common belief." in shown
    assert "bound 0" in shown
    assert "The smallest input on which it fails k [[1, 0], [0.8, 0.6]] v [1, -1]" in shown
    assert "Each time it was executed here" not in shown
    with Library.open(settings=Settings(db=str(own_db)), build=False) as library:
        library.verify([BELIEF], seed=1)
    shown = read_page(app_page("claims", db=own_db, id=BELIEF))
    assert re.search(r"Each time it was executed here .*✗ refuted −[\d.]+ 1 .*✗ refuted −[\d.]+ 0 ", shown)
    assert "fixes Linear attention" in shown


def test_an_unknown_claim_is_one_calm_line(app_page: Open) -> None:
    app = app_page("claims", id="nobody-claims-this")
    assert len(app.error) == 1
    assert "nobody-claims-this" in app.error[0].value
