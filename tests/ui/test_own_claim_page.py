"""Claims of one's own on the pages: written from a template, tried, kept, run, listed, changed, removed."""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.records import OwnClaim
from tests.own_claims import write_claim

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Press = Callable[[AppTest, str], AppTest]
Links = Callable[[AppTest], list[str]]
HOSTILE = "a 'b' <img src=x onerror=alert(1)> **Namen** $x$ [l](http://example.org)."
EDGE = '("linear-attention", "retention")'


def add(db: Path, **fields: Any) -> OwnClaim:
    with Library.open(str(db), build=False) as library:
        return library.add_claim(write_claim(**fields))


def own_claims(db: Path) -> list[OwnClaim]:
    with Library.open(str(db), build=False) as library:
        return library.own_claims()


def ran(app: AppTest, shown: str) -> str:
    if "cannot confine" in shown:
        pytest.skip("this machine cannot confine programs")
    return shown


def test_the_list_shows_them_beside_those_that_ship(
    app_page: Open, own_db: Path, read_page: Read, list_links: Links
) -> None:
    add(own_db, statement=repr(HOSTILE))
    app = app_page("claims", db=own_db)
    shown = read_page(app)
    assert HOSTILE.rstrip(".") in shown
    assert "○ not run equality · your own" in shown
    assert not any("<img" in one.value for one in app.html)
    assert {"/claims?id=own:1", "/claims?new=1"} <= set(list_links(app))
    assert "The smallest" not in shown
    only = read_page(app_page("claims", db=own_db, whose="own"))
    assert "your own" in only
    assert "retention" not in only.casefold().split("write a claim of your own", 1)[1]
    assert HOSTILE.rstrip(".") not in read_page(app_page("claims", db=own_db, whose="shipped"))


def test_its_page_runs_it_and_shows_the_figure(
    app_page: Open, own_db: Path, read_page: Read, press_run: Press, list_links: Links
) -> None:
    add(own_db, statement=repr(HOSTILE), between=EDGE, wrong_variants='{"<b>one</b>": _wrong}')
    app = app_page("claims", db=own_db, id="own:1")
    shown = read_page(app)
    assert f"your own , mine (own:1) {HOSTILE}" in shown
    assert "○ not run" in shown
    assert "It has not been executed here yet." in shown
    assert not any("<img" in one.value or "<b>one" in one.value for one in app.html)
    app = press_run(app, "run own:1 version 1")
    shown = ran(app, read_page(app))
    assert "✓ verified" in shown
    assert "no difference at all; at most 10⁻¹² would keep the statement, in 3 draws" in shown
    assert "<b>one</b> refuted, 1" in shown
    assert "my own" in shown
    assert "/run?id=1" in list_links(app)
    again = app_page("claims", db=own_db, id="own:1")
    assert "✓ verified" in read_page(again)
    assert "Earlier runs" in read_page(again)
    idea = app_page("idea", db=own_db, key="retention")
    assert "your own claim: ✓ verified" in read_page(idea)
    beside = app_page("lineage", db=own_db, key="concept:retention")
    assert "your own claim: ✓ verified" in read_page(beside)
    run = app_page("run", db=own_db, id="1")
    assert "Run 1: your claim 1" in read_page(run)
    assert "/claims?id=own:1" in list_links(run)


def test_a_claim_without_an_edge_stands_by_itself_beside_the_map(
    app_page: Open, own_db: Path, read_page: Read
) -> None:
    add(own_db, between='("lstm",)')
    assert "Your own claims ○ not run What I say holds" in read_page(
        app_page("lineage", db=own_db, key="concept:lstm")
    )


def test_a_claim_that_fails_says_why(app_page: Open, own_db: Path, read_page: Read, press_run: Press) -> None:
    add(own_db, check="return Measurement(undefined)")
    app = press_run(app_page("claims", db=own_db, id="own:1"), "run own:1 version 1")
    shown = ran(app, read_page(app))
    assert "~ inconclusive" in shown
    assert "No figure: it did not come to its end: NameError: name 'undefined' is not defined." in html.unescape(
        shown
    )
    assert "It stopped with an error." in shown


def test_one_is_written_from_the_template_tried_and_kept(
    app_page: Open, own_db: Path, read_page: Read, press_run: Press
) -> None:
    app = app_page("claims", db=own_db, new="1", ideas="delta-rule,deltanet")
    (box,) = [one for one in app.text_area if one.key == "new claim code"]
    assert 'between=("delta-rule", "deltanet")' in box.value
    app = press_run(app, "run trial of a claim")
    shown = ran(app, read_page(app))
    assert "✓ verified" in shown
    assert "away from that value refuted" in shown
    assert own_claims(own_db) == []
    app.text_area(key="new claim code").set_value(write_claim(id='"written-here"')).run()
    shown = read_page(app)
    assert "The text has changed since it was tried: try it again." in shown
    assert "written-here : What I say holds. equality, expected to be verified; 1 wrong variant" in shown
    app.button(key="keep claim").click().run()
    assert [one.name for one in own_claims(own_db)] == ["written-here"]
    assert app.query_params["id"] == "own:1"
    assert "written-here (own:1)" in read_page(app)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (write_claim(wrong_variants="{}"), "a claim that rejects nothing proves nothing; name one misreading"),
        ("x = (", "the code cannot be read in line 1"),
        (write_claim(between='("no-such-idea",)'), "between names 'no-such-idea', and no idea is called so"),
        (write_claim(draws="1000000"), "draws is 1000000; write a whole number in 1..200"),
    ],
)
def test_what_is_refused_says_so_in_one_line_and_cannot_be_run(
    app_page: Open, own_db: Path, text: str, told: str
) -> None:
    app = app_page("claims", db=own_db, new="1")
    app.text_area(key="new claim code").set_value(text).run()
    assert not app.exception
    (warning,) = app.warning
    assert told in html.unescape(warning.value)
    assert not [one for one in app.button if one.key in ("keep claim", "run trial of a claim")]


def test_two_ideas_without_a_form_in_common_fall_back_to_the_first_template(
    app_page: Open, own_db: Path, read_page: Read
) -> None:
    app = app_page("claims", db=own_db, new="1", ideas="lstm,rms-norm,<script>")
    assert not app.exception
    assert "Gated delta rule at decay=1" in read_page(app)


def test_a_claim_is_changed_taken_back_and_removed(app_page: Open, own_db: Path, read_page: Read) -> None:
    add(own_db)
    app = app_page("claims", db=own_db, id="own:1")
    box = "change own:1 version 1 code"
    app.text_area(key=box).set_value(write_claim(bound="0.5")).run()
    app.button(key="change").click().run()
    assert "version 2" in read_page(app)
    assert [one.card and one.card.bound for one in own_claims(own_db)] == [0.5]
    app.button(key="back to 1").click().run()
    assert [(one.version, one.card and one.card.bound) for one in own_claims(own_db)] == [(3, 1e-12)]
    app.button(key="remove").click().run()
    assert own_claims(own_db) == []
    assert "Write a claim of your own" in read_page(app)


@pytest.mark.parametrize("name", ["own:9", "own:", "own:99999999999999999999999", "own:<b>"])
def test_an_address_of_no_claim_is_one_line(app_page: Open, own_db: Path, name: str) -> None:
    app = app_page("claims", db=own_db, id=name)
    (error,) = app.error
    assert "no claim of your own is called" in html.unescape(error.value)


def test_one_that_can_no_longer_be_read_says_why_and_can_be_changed(
    app_page: Open, own_db: Path, read_page: Read
) -> None:
    with Library.open(str(own_db), build=False) as library:
        snippet = library.attach("linear-attention", "f", "def f():\n    return 0\n")
        claim = library.add_claim(write_claim(more=f"from snippet_{snippet.id} import f\n"))
        library.remove_snippet(snippet.id)
    told = f"it imports snippet_{snippet.id}, and there is no snippet {snippet.id}"
    assert told in read_page(app_page("claims", db=own_db))
    app = app_page("claims", db=own_db, id=claim.address)
    assert told in html.unescape(app.warning[0].value)
    app.text_area(key=f"change {claim.address} version 1 code").set_value(write_claim()).run()
    app.button(key="change").click().run()
    assert own_claims(own_db)[0].card is not None
