"""The page Lineage: what is drawn, what the controls do, and that the address says it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.records import EdgeLayers, Lane, LineageMap, MapLink, MapPoint, MapView, VerdictName
from kb.settings import Settings
from kb.ui.map_chart import build_option
from kb.ui.map_controls import MAP_WIDTH_PX
from kb.ui.year_list import build_year_list

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]

OLD = MapPoint(
    "concept:old", "Old", 1991, "fast-weights", 0.2, 0.3, 1.0, True, has_code=True, title="An {old} <idea>"
)
NEW = MapPoint("concept:new", "New", 2020, "attention", 0.8, 0.7, 0.5, False, title="A new idea")


def _layers(kind: str, verdict: VerdictName | Literal[""] = "") -> EdgeLayers:
    verified, unexpected = int(verdict == "verified"), int(verdict == "refuted")
    stale = kind == "fixes"
    return EdgeLayers("old", "new", kind, 0, verdict, stale, verified=verified, unexpected=unexpected)


DRAWN = LineageMap(
    points=(OLD, NEW),
    links=(
        MapLink("concept:old", "concept:new", "cited", "cites"),
        MapLink("concept:old", "concept:new", "claimed", "extends", layers=_layers("extends")),
        MapLink("concept:old", "concept:new", "executed", "equals", "refuted", layers=_layers("equals", "refuted")),
        MapLink("concept:old", "concept:new", "executed", "fixes", "verified", True, _layers("fixes", "verified")),
    ),
    ticks=((0.1, 1991), (0.7, 2020)),
    lanes=(Lane("fast-weights", 0.0, 0.5), Lane("attention", 0.5, 1.0)),
    height_px=300,
)


def test_the_three_layers_differ_without_colour() -> None:
    links = build_option(DRAWN)["series"][1]["links"]
    cited, claimed, refuted, stale = links
    widths = [one["lineStyle"]["width"] for one in (cited, claimed, refuted)]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3
    assert cited["lineStyle"]["opacity"] < 0.5 < claimed["lineStyle"]["opacity"]
    assert "label" not in claimed
    assert refuted["label"]["formatter"] == "✗"
    assert (refuted["lineStyle"]["type"], stale["lineStyle"]["type"]) == ("solid", "dashed")
    assert stale["label"]["formatter"] == "✓"
    told = [link["tooltip"]["formatter"].split("<br>", 1)[1] for link in links]
    assert told == [
        "cited",
        "no citation path · claimed<br>not executed",
        "no citation path · claimed<br>✗ 1 claim not as expected",
        "no citation path · claimed<br>✓ 1 claim verified (code changed since)",
    ]


def test_a_dot_stands_where_the_layout_put_it_and_says_whether_it_has_code() -> None:
    old, new = build_option(DRAWN)["series"][1]["data"]
    assert (old["value"], new["value"]) == ([0.2, 0.3], [0.8, 0.7])
    assert old["symbol"] != new["symbol"]
    assert (old["label"]["show"], new["label"]["show"]) == (True, False)
    assert "&#123;old&#125; &lt;idea&gt;" in old["tooltip"]["formatter"]


def test_a_path_steps_forward_and_the_rest_back() -> None:
    third = MapPoint("concept:other", "Other", 2000, "positions", 0.5, 0.5, 0.1, True)
    drawn = LineageMap((*DRAWN.points, third), DRAWN.links, DRAWN.ticks)
    data = build_option(drawn, path=("concept:old", "concept:new"))["series"][1]["data"]
    opacities = {one["id"]: one["itemStyle"]["opacity"] for one in data}
    assert opacities == {"concept:old": 1, "concept:new": 1, "concept:other": 0.3}


def test_the_option_is_plain_json_in_both_themes() -> None:
    light, dark = (json.dumps(build_option(DRAWN, dark=dark, chosen="concept:old")) for dark in (False, True))
    assert light != dark


def test_the_list_by_year_has_the_same_records_and_lineage() -> None:
    listed = build_year_list(DRAWN)
    assert re.findall(r"<h4[^>]*>(\d+)", listed) == ["1991", "2020"]
    assert listed.count('href="/idea?key=') == len(DRAWN.points)
    assert "extends" in listed
    assert "refuted" in listed
    assert "<idea>" not in listed


def test_the_map_shows_fifty_and_says_how_many_more(app_page: Open, read_page: Read) -> None:
    app = app_page("lineage")
    assert not app.warning
    assert re.search(r"50 ideas, \d+ lines, \d+ more not drawn", read_page(app))


def test_the_open_record_stands_beside_the_map(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("lineage", key="concept:linear-attention"))
    assert "Introduced by Transformers are RNNs" in shown
    assert re.search(r"equals Fast weight programmer", shown)


def test_the_year_hides_what_was_not_known(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("lineage", asof="2000"))
    assert "Long short-term memory" in shown
    assert "Transformer" not in shown.split("By year, oldest first")[1]


def test_the_controls_write_to_the_address(app_page: Open) -> None:
    app = app_page("lineage")
    app.radio(key="map of").set_value("papers").run()
    assert app.query_params["of"] == "papers"
    app.selectbox(key="map size").set_value(100).run()
    assert app.query_params["most"] == "100"
    app.radio(key="map of").set_value("ideas").run()
    assert "of" not in app.query_params
    assert not app.exception


def test_a_focus_shows_only_kin_as_far_as_asked(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("lineage", key="linear-attention", up="1", down="0"))
    assert "Only the ancestors and descendants of Linear attention" in shown
    listed = shown.split("By year, oldest first")[1]
    assert "Fast weight programmer" in listed
    assert "RWKV-4" not in listed


def test_a_path_is_told_hop_by_hop_whichever_end_is_named_first(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("lineage", from_="linear-attention", to="fast-weight-programmer"))
    assert "Fast weight programmer to Linear attention" in shown
    assert "Sections 3.1 and 3.2" in shown


def test_a_wrong_address_is_one_calm_line(app_page: Open) -> None:
    app = app_page("lineage", key="no-such-idea", asof="soon", most="7", layers="imagined")
    assert len(app.warning) == 1
    assert not app.error


def test_a_record_that_is_not_on_the_whole_map_is_shown_with_its_kin(
    app_page: Open, read_page: Read, library_db: Path
) -> None:
    with Library.open(settings=Settings(db=str(library_db)), build=False) as library:
        drawn = {point.key for point in library.map(MapView(width_px=MAP_WIDTH_PX)).points}
        hidden = next(one for one in library.concepts() if one.key not in drawn)
    listed = read_page(app_page("lineage", key=hidden.key)).split("By year, oldest first")[1]
    assert hidden.name in listed


def test_the_map_can_be_saved(library_db: Path) -> None:
    with Library.open(settings=Settings(db=str(library_db)), build=False) as library:
        whole = json.loads(library.export_lineage("", MapView(limit=20)))
        kin = library.export_lineage("linear-attention", MapView(up=1, down=0), "mermaid")
        papers = library.export_lineage("", MapView(limit=5), "graphml", of="papers")
    assert len(whole["nodes"]) == 20
    assert kin.startswith("flowchart LR")
    assert papers.count("<node ") == 5
