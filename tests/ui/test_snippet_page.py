"""Code of one's own on the pages: attached, shown where it belongs, run, compared, changed, removed."""

import html
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from kb.library import Library
from kb.library.snippet_files import pack, write_file
from kb.records import Snippet
from kb.store import snippets as kept

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
Press = Callable[[AppTest, str], AppTest]
Links = Callable[[AppTest], list[str]]
ATTENTION, LINEAR = "arxiv:1706.03762", "concept:linear-attention"
SLOW = "def slow(q, k, v, *, decay=0.9, mode='a', n=-3):\n    return decay * v\n"
PROGRAM = "steps = 4\nseed = 1\ntitle = 'a b'\nreport('curve', [0.5] * 20)\nreport('steps', steps)\n"
HOSTILE = "a 'b' <img src=x onerror=alert(1)> **名字** $x$"


def attach(db: Path, key: str = LINEAR, name: str = "slow", code: str = SLOW, **more: str) -> Snippet:
    with Library.open(str(db), build=False) as library:
        return library.attach(key, name, code, **more)


def change(db: Path, snippet: Snippet, **fields: object) -> None:
    with Library.open(str(db), build=False) as library:
        library.change_snippet(replace(snippet, **fields))  # type: ignore[arg-type]


def listed(db: Path) -> list[Snippet]:
    with Library.open(str(db), build=False) as library:
        return library.snippets()


def words(message: Any) -> str:
    """Return a message as it is read: signs that could be markup are written as entities."""
    return html.unescape(message.value)


def ran(app: AppTest) -> AppTest:
    if any("cannot confine" in words(one) for one in app.warning):
        pytest.skip("this machine cannot confine programs")
    return app


def test_a_record_lists_what_is_attached_and_leads_on(
    app_page: Open, own_db: Path, read_page: Read, list_links: Links
) -> None:
    attach(own_db, name=HOSTILE, parameters="decay in 0..1")
    attach(own_db, ATTENTION, code=PROGRAM)
    app = app_page("idea", db=own_db, key="linear-attention")
    shown = read_page(app)
    assert f"Your own code {HOSTILE} variant, form mixer · sets decay, mode, n · " in shown
    assert not any("<img" in one.value for one in app.html)
    links = list_links(app)
    assert {"/snippet?n=1", "/compare?ideas=linear-attention,snippet:1", f"/snippet?to={LINEAR}"} <= set(links)
    app = app_page("paper", db=own_db, key=ATTENTION)
    assert "Your own code slow program · sets steps, seed, title · " in read_page(app)
    assert {"/snippet?n=2", f"/snippet?to={ATTENTION}"} <= set(list_links(app))
    hits = read_page(app_page("", db=own_db, q="attention is all you need"))
    assert "· Paper · 1 snippet of your own" in hits


def test_a_variant_runs_with_its_settings_and_is_recorded(
    app_page: Open, own_db: Path, read_page: Read, press_run: Press
) -> None:
    attach(own_db, name=HOSTILE, parameters="decay in 0..1")
    app = app_page("snippet", db=own_db, n="1", T="4", decay="0.5")
    shown = read_page(app)
    assert HOSTILE in shown
    assert not any("<img" in one.value for one in app.html)
    assert "Attached to Linear attention . snippet:1 · variant, form mixer" in shown
    assert "A variant: slow has the signature of the form mixer" in shown
    assert (app.text_input(key="snippet:1 version 1 decay").value, app.number_input[0].value) == ("0.5", -3)
    ran(press_run(app, "run snippet:1 version 1"))
    assert "Output 2 × 4 × 2 × 8, float64" in read_page(app)
    with Library.open(str(own_db), build=False) as library:
        (note,) = library.runs("snippet:1")
    assert (note.status, note.parameters["decay"], note.parameters["T"]) == ("ok", 0.5, 4)
    app.text_input(key="snippet:1 version 1 decay").set_value("7").run()
    press_run(app, "run snippet:1 version 1")
    assert ["decay of snippet:1 must be a number in 0..1, not 7.0" in words(one) for one in app.warning] == [True]


def test_an_output_of_the_wrong_shape_is_one_calm_line(app_page: Open, own_db: Path, press_run: Press) -> None:
    attach(own_db, code="def flat(q, k, v):\n    return v.flatten(2)\n")
    app = ran(press_run(app_page("snippet", db=own_db, n="1"), "run snippet:1 version 1"))
    (warning,) = app.warning
    assert warning.value.startswith("The output is 2 x 8 x 16, where a mixer gives B x T x H x V = 2 x 8 x 2 x 8")


def test_a_program_runs_with_its_constants_set(
    app_page: Open, own_db: Path, read_page: Read, press_run: Press
) -> None:
    attach(own_db, ATTENTION, code=PROGRAM)
    # a parameter that is called like a part of the address stands there under another name
    app = app_page("snippet", db=own_db, n="1", **{"steps": "9", "set.seed": "5"})
    assert [one.label for one in app.number_input] == ["steps", "seed"]
    assert [one.value for one in app.number_input] == [9, 5]
    shown = read_page(ran(press_run(app, "run snippet:1 version 1")))
    assert "steps 9" in shown
    assert "A program: it runs as it is." in shown


def test_names_that_an_address_cannot_hold_can_be_set(app_page: Open, own_db: Path, read_page: Read) -> None:
    attach(own_db, code="embed = 1\nN = 2\nTo = 3\nkey = 'k'\n" + "".join(f"x{n} = {n}\n" for n in range(30)))
    app = app_page("snippet", db=own_db, n="1")
    for label in ("embed", "N", "To"):
        next(one for one in app.number_input if one.label == label).set_value(7).run()
        assert not app.exception
    assert {"set.embed", "set.N", "set.To", "n"} <= set(app.query_params)
    assert "10 more can be set with stemma run" in read_page(app)


def test_a_variant_stands_beside_the_shipped_one(
    app_page: Open, own_db: Path, read_page: Read, end_run: Callable[[AppTest], AppTest]
) -> None:
    attach(own_db, name=HOSTILE)
    attach(own_db, name="program", code=PROGRAM)
    app = app_page("compare", db=own_db, ideas="linear-attention,snippet:1", T="8")
    shown = read_page(ran(end_run(app)))
    assert f"Linear attention and {HOSTILE} differ" in shown
    assert not any("<img" in one.value for one in app.html)
    assert HOSTILE in app.multiselect(key="compare ideas").options
    refused = app_page("compare", db=own_db, ideas="linear-attention,snippet:2")
    assert ["is a program and no variant" in one.value for one in refused.warning] == [True]


def test_the_form_begins_with_code_that_runs_at_once(app_page: Open, own_db: Path, press_run: Press) -> None:
    app = app_page("snippet", db=own_db, to="linear-attention")
    template = str(app.text_area[0].value)
    assert "the line that differs from the shipped code" in template
    app.button(key="attach").click().run()
    assert not app.exception
    assert app.query_params["n"] in ("1", ["1"])
    (one,) = listed(own_db)
    assert (one.key, one.name, one.code, one.like) == (LINEAR, "linear_attention", template, "linear-attention")
    ran(press_run(app_page("snippet", db=own_db, n="1"), "run snippet:1 version 1"))


def test_code_is_pasted_named_and_attached_to_a_paper(app_page: Open, own_db: Path, read_page: Read) -> None:
    app = app_page("snippet", db=own_db, to=ATTENTION)
    assert "A program: it runs as it is." in read_page(app)
    app.selectbox(key="attach like").select("rms-norm").run()
    assert "def rms_norm(" in str(app.text_area[0].value)
    app.text_area[0].set_value("def mine(x, *, eps=0.5): return x / eps\n").run()
    # what is written stays when another idea is chosen
    app.selectbox(key="attach like").select("layer-normalisation").run()
    assert "A variant: mine has the signature of the form norm" in read_page(app)
    app.text_input[0].set_value("名 \n 'x'").run()
    app.button(key="attach").click().run()
    (one,) = listed(own_db)
    assert (one.key, one.name, one.like) == (ATTENTION, "名 'x'", "layer-normalisation")


def test_a_file_of_windows_is_taken_and_its_parameters_are_named(app_page: Open, own_db: Path) -> None:
    app = app_page("snippet", db=own_db, to=ATTENTION)
    app.file_uploader[0].upload("up.py", b"\xef\xbb\xbf" + SLOW.replace("\n", "\r\n").encode()).run()
    assert (app.text_area[0].value, app.text_input[0].value) == (SLOW, "up.py")
    table = f"attach {ATTENTION} parameters  decay mode n"
    edits = {0: {"default": "0.25", "low": 0, "high": 1}, 1: {"choices": "a | b"}}
    app.session_state[table] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    app.run()
    app.button(key="attach").click().run()
    (one,) = listed(own_db)
    assert (one.name, one.code, one.parameters) == ("up.py", SLOW, "decay = 0.25 in 0..1; mode of a | b")


def test_an_exported_file_brings_its_name_and_parameters(app_page: Open, own_db: Path) -> None:
    exported = write_file(attach(own_db, name=HOSTILE, parameters="decay = 0.25 in 0..1"))
    app = app_page("snippet", db=own_db, to=ATTENTION)
    app.file_uploader[0].upload("any.py", exported.encode()).run()
    app.button(key="attach").click().run()
    one = listed(own_db)[-1]
    assert (one.key, one.name, one.code, one.parameters, one.like) == (
        *(ATTENTION, HOSTILE, SLOW, "decay = 0.25 in 0..1", "linear-attention"),
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x" * (5 << 20), "up.py is larger than 1024 KiB"),
        (b"\xff\xfe", "up.py is no UTF-8 text"),
        (b"a\0b", "up.py holds null bytes"),
        (b"", "up.py is empty"),
    ],
)
def test_a_file_that_is_no_program_is_one_calm_line(app_page: Open, own_db: Path, content: bytes, told: str) -> None:
    app = app_page("snippet", db=own_db, to="linear-attention")
    app.file_uploader[0].upload("up.py", content).run()
    assert [told in words(one) for one in app.warning] == [True]


def test_a_set_is_brought_in_on_the_librarys_page(app_page: Open, own_db: Path, read_page: Read) -> None:
    with Library.open(str(own_db), build=False) as library:
        packed = pack(library.export_snippets([library.attach(LINEAR, name, SLOW) for name in ("one", "two")]))
        library.remove_snippet(1)
    app = app_page("library", db=own_db)
    app.file_uploader(key="snippet set").upload("set.zip", packed).run()
    app.button(key="attach set").click().run()
    assert "Attached: one . 1 file held what is here already." in read_page(app)
    assert [one.name for one in listed(own_db)] == ["two", "one"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def f(:", "the code cannot be read in line 1: invalid syntax"),
        ("x = '\0'", "null bytes"),
        ("  x = 1", "unexpected indent"),
    ],
)
def test_what_cannot_be_read_is_one_calm_line_and_cannot_be_attached(
    app_page: Open, own_db: Path, code: str, told: str
) -> None:
    app = app_page("snippet", db=own_db, to="linear-attention")
    app.text_area[0].set_value(code).run()
    assert [told in words(one) for one in app.warning] == [True]
    assert app.button(key="attach").disabled


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("async def f(q, k, v): ...\ndef g(a): ...", "It runs as a program"),
        ("class Attention:\n    pass\n", "A program: it runs as it is."),
        ("@wraps\ndef f(q, k, v, *args, **rest): ...", "A variant: f has the signature"),
        ("def f(q, k, v, *, odd=[]): ...", "The argument odd of f cannot be set"),
        ("def f(q, k, v): ...\ndef g(q, k, v): ...", "What runs is g; f would fit too"),
        ("def 混合(q, k, v, *, 衰减=0.5): ...", "A variant: 混合 has the signature"),
        ("def f(q, k, v, gain): ...", "the argument gain of f has no default"),
    ],
)
def test_the_form_says_what_code_is(app_page: Open, own_db: Path, read_page: Read, code: str, told: str) -> None:
    app = app_page("snippet", db=own_db, to="linear-attention")
    app.text_area[0].set_value(code).run()
    assert told in read_page(app)
    assert not app.warning


def test_a_name_that_is_taken_is_one_calm_line(app_page: Open, own_db: Path) -> None:
    attach(own_db, name="linear_attention")
    app = app_page("snippet", db=own_db, to="linear-attention")
    app.button(key="attach").click().run()
    assert ["called 'linear_attention' already" in words(one) for one in app.warning] == [True]
    assert len(listed(own_db)) == 1


def test_a_snippet_is_changed_goes_back_and_is_removed(app_page: Open, own_db: Path, read_page: Read) -> None:
    attach(own_db)
    app = app_page("snippet", db=own_db, n="1")
    app.text_area[0].set_value(SLOW.replace("0.9", "0.5")).run()
    app.button(key="change").click().run()
    assert [(one.version, "0.5" in one.code) for one in listed(own_db)] == [(2, True)]
    app = app_page("snippet", db=own_db, n="1")
    assert "Earlier versions" in read_page(app)
    app.button(key="back to 1").click().run()
    assert [(one.version, one.code) for one in listed(own_db)] == [(3, SLOW)]
    app = app_page("snippet", db=own_db, n="1")
    app.button(key="remove").click().run()
    assert listed(own_db) == []
    assert "Nothing is attached yet" in read_page(app)


def test_what_is_gone_and_what_is_unreadable_is_still_shown(app_page: Open, own_db: Path, read_page: Read) -> None:
    one = attach(own_db)
    with Library.open(str(own_db), build=False) as library, library._store.write() as session:
        kept.change_snippet(session, replace(one, key="concept:long-gone", code="def f(:", like="gone"))
    for page, query in (("library", {}), ("snippet", {}), ("snippet", {"n": "1"})):
        app = app_page(page, db=own_db, **query)
        assert "Attached to concept:long-gone, which is no longer here." in read_page(app)
    assert "The code cannot be read in line 1" in read_page(app)


@pytest.mark.parametrize("number", ["99", "x", "-1", "9" * 40])
def test_an_unknown_number_is_one_calm_line(app_page: Open, number: str) -> None:
    app = app_page("snippet", n=number)
    assert len(app.error) == 1


def test_an_edited_source_is_compared_and_kept(
    app_page: Open, own_db: Path, read_page: Read, press_run: Press, list_links: Links
) -> None:
    app = app_page("idea", db=own_db, key="linear-attention", T="4")
    box = app.text_area(key="edited linear-attention")
    box.set_value(str(box.value).replace("x.clamp(max=0).exp()", "2 * x.clamp(max=0).exp()")).run()
    ran(press_run(app, "run compared edited linear-attention"))
    assert "The shipped code and your version differ by up to" in read_page(app)
    app.button(key="keep edited linear-attention").click().run()
    (one,) = listed(own_db)
    assert (one.key, one.name, one.like) == (LINEAR, "linear_attention", "linear-attention")
    assert "2 * x.clamp" in one.code
    assert "Kept as linear_attention ." in read_page(app)
    app.button(key="keep edited linear-attention").click().run()
    assert ["already" in warning.value for warning in app.warning] == [True]


def test_a_source_without_a_function_is_not_compared(app_page: Open, press_run: Press) -> None:
    app = app_page("idea", key="pre-ln")
    app.text_area(key="edited pre-ln").set_value("def f(a): ...").run()
    press_run(app, "run compared edited pre-ln")
    assert ["takes x by name, as a block does" in words(one) for one in app.warning] == [True]
