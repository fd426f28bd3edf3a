"""The page Idea: the record, its code, a run, an edited run, the claims."""

import re
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.reference.registry import list_ideas
from kb.settings import Settings
from kb.store.catalogue import load_catalogue
from kb.ui.numbers import show_number, show_seconds
from kb.ui.side_by_side import without_header
from kb.ui.verdict_lines import tell_margin

TIMEOUT_S = 90.0
Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Press = Callable[[AppTest, str], AppTest]


def test_without_a_key_all_ideas_are_listed_those_with_code_first(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("idea"))
    assert re.search(r"\d+ ideas, \d+ of them with code", shown)
    assert shown.index("With code that runs") < shown.index("Linear attention") < shown.index("Language models")


def test_a_record_is_shown_with_its_lineage_and_evidence(app_page: Open, read_page: Read) -> None:
    app = app_page("idea", key="linear-attention")
    shown = read_page(app)
    assert "线性注意力" in shown
    assert re.search(r"equals Fast weight programmer .{0,12}cited by way of \d papers · claimed: Schlag", shown)
    assert re.search(r"○ \d claims not run Equal in the unnormalised form", shown)
    assert re.search(r"Schlag, Irie, Schmidhuber \(2021\) ?, Sections 3.1 and 3.2", shown)
    assert "phi" in app.latex[0].value
    assert [one.language for one in app.code] == ["python"]
    assert "Paper Katharopoulos" in shown


def test_run_gives_figures(app_page: Open, read_page: Read, press_run: Press) -> None:
    app = app_page("idea", key="linear-attention", T="16")
    press_run(app, "run linear-attention")
    shown = read_page(app)
    assert "Output 2 × 16 × 2 × 8, float64" in shown
    assert "State 288 numbers" in shown
    assert re.search(r"Time [\d.]+ (µs|ms|s)", shown)


def test_a_schedule_runs_too(app_page: Open, read_page: Read, press_run: Press) -> None:
    app = app_page("idea", key="ulmfit")
    press_run(app, "run ulmfit")
    assert "Output 100 × 4, float64" in read_page(app)


def test_a_setting_out_of_range_is_one_calm_line(app_page: Open, press_run: Press) -> None:
    app = app_page("idea", key="ulmfit", cut_frac="7")
    press_run(app, "run ulmfit")
    assert ["cut_frac of ulmfit must be" in one.value for one in app.warning] == [True]


def test_an_edited_source_runs_confined_and_its_traceback_has_the_line(
    app_page: Open, read_page: Read, press_run: Press
) -> None:
    app = app_page("idea", key="scaled-dot-product-attention")
    assert re.search(r"What you write runs in|cannot confine code", read_page(app))
    box = app.text_area(key="edited scaled-dot-product-attention")
    source = box.value.splitlines()
    line = next(n for n, text in enumerate(source, 1) if text.strip().startswith("assert"))
    source[line - 1] = '    print("seen"); raise ValueError("edited on purpose")'
    box.set_value("\n".join(source)).run()
    press_run(app, "run edited scaled-dot-product-attention")
    assert len(app.warning) == 1
    told = "\n".join(one.value for one in app.code)
    assert "edited on purpose" in told or "refused" in app.warning[0].value
    assert f"line {line}" in told or "refused" in app.warning[0].value


def test_a_header_that_cannot_be_read_is_one_calm_line(app_page: Open, press_run: Press) -> None:
    app = app_page("idea", key="pre-ln")
    app.text_area(key="edited pre-ln").set_value("x = 1").run()
    press_run(app, "run edited pre-ln")
    assert len(app.warning) == 1
    assert not app.exception


def test_a_gate_is_drawn_or_set_to_a_number(app_page: Open, read_page: Read, press_run: Press) -> None:
    idea = next(one for one in list_ideas() if one.gates)
    gate = idea.gates[0]
    app = app_page("idea", key=idea.slug)
    assert app.text_input(key=f"idea {idea.slug} {gate.name}").value == "drawn"
    press_run(app, f"run {idea.slug}")
    assert f"Gates {gate.name} {gate.low:g}..{gate.high:g}" in read_page(app)
    app.text_input(key=f"idea {idea.slug} {gate.name}").set_value(f"{gate.high:g}").run()
    press_run(app, f"run {idea.slug}")
    assert f"Gates {gate.name} {gate.high:g}" in read_page(app)
    app.text_input(key=f"idea {idea.slug} {gate.name}").set_value("much").run()
    press_run(app, f"run {idea.slug}")
    assert [f"{gate.name} of {idea.slug} must be a number in" in one.value for one in app.warning] == [True]


def test_losses_are_drawn_by_position_with_the_words(read_page: Read) -> None:
    figures = {
        "positions": [0, 1, 2],
        "curves": [[1.5, None, 2.0]],
        "average": [1.5, None, 2.0],
        "words": ["a", "<b>"],
    }
    app = AppTest.from_function(_draw, default_timeout=TIMEOUT_S, args=(figures,)).run()
    assert not app.exception
    assert "Sequence 0 reads: a <b>" in read_page(app)


def test_scores_are_drawn_queries_by_keys(read_page: Read) -> None:
    figures = {"slice": [[1.0, None], [0.0, -2.0]], "slice_axes": ["query", "key"]}
    app = AppTest.from_function(_draw, default_timeout=TIMEOUT_S, args=(figures,)).run()
    assert not app.exception
    assert "first batch, first head" in read_page(app)


def _draw(figures: dict[str, object]) -> None:
    from kb.ui.run_figures import show_output

    show_output(figures, key="output")


def test_an_idea_without_code_offers_relatives_that_have_some(
    app_page: Open, read_page: Read, repository: Path
) -> None:
    catalogue, coded = load_catalogue(repository / "data"), {one.slug for one in list_ideas()}
    edge = next(one for one in catalogue.edges if one.ancestor in coded and one.descendant not in coded)
    name = next(one.name for one in catalogue.concepts if one.slug == edge.ancestor)
    shown = read_page(app_page("idea", key=edge.descendant))
    assert "no reference implementation yet" in shown
    assert re.search(rf"Relatives that can be run: .*{re.escape(name)}", shown)


def test_an_unknown_idea_is_one_calm_line(app_page: Open) -> None:
    app = app_page("idea", key="no-such-idea")
    assert len(app.error) == 1


def test_the_claims_of_an_idea_are_executed_from_its_page(app_page: Open, read_page: Read, own_db: Path) -> None:
    app = app_page("idea", db=own_db, key="alibi")
    assert "not yet measured" in read_page(app)
    app.button(key="check all of this idea").click().run()
    shown = read_page(app)
    assert "✓ verified" in shown
    with Library.open(settings=Settings(db=str(own_db)), build=False) as library:
        about = {card.id for card in library.claims() if "alibi" in card.between and card.cost == "exact"}
        assert {one.claim for one in library.verdicts()} == about > set()


def test_the_source_is_shown_without_its_header() -> None:
    assert without_header('r"""Title.\n\nPaper  x\n"""\n\nimport torch\n') == "import torch\n"


def test_numbers_are_short_and_say_their_unit() -> None:
    assert [show_number(one) for one in (0, -3, 1234567, 0.5, 12345.678, -2e-7)] == [
        *("0", "−3", "1,234,567", "0.5", "12,350", "−2 × 10⁻⁷"),
    ]
    assert [show_seconds(one) for one in (2.5, 0.0123, 4e-6, 0.0, None)] == [
        *("2.5 s", "12.3 ms", "4 µs", "less than 1 µs", "not measured"),
    ]


def test_a_margin_is_told_in_words(library_db: Path) -> None:
    with Library.open(settings=Settings(db=str(library_db)), build=False) as library:
        card = next(one for one in library.claims() if one.bound == 1e-12)
    assert tell_margin(card, None) == "not yet measured; at most 10⁻¹² would keep the statement"


def test_a_contested_relation_names_who_holds_what_and_where(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("idea", key="residual-connection"))
    assert "Highway network (contested)" in shown
    assert re.search(r"Jürgen Schmidhuber: .+ Schmidhuber \(2022\) ?, ", shown)
    assert re.search(r"He et al\.: .+ He, Zhang, Ren et al\. \(2015\) ?, Section 2", shown)


def test_many_papers_of_an_idea_page_instead_of_scrolling(app_page: Open, read_page: Read) -> None:
    first, second = (read_page(app_page("idea", key="residual-connection", papers=page)) for page in ("1", "2"))
    assert re.search(r"Papers \d\d here", first)
    assert "Deep Residual Learning for Image Recognition introduces it" in first
    assert "Image Recognition introduces it" not in second
    assert re.search(r"page 2 of \d", second)
