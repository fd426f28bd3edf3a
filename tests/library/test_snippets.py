"""A user's own code through the Python door: attached, read, run, compared, changed, taken along and back."""

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from kb.errors import InvalidIdError, InvalidQueryError, NotFoundError
from kb.library import Library
from kb.library.snippet_files import MOST_CODE, decode_code, name_file, pack, read_file, read_set, write_file
from kb.records import ConceptView, RunResult
from kb.reference.variant import build_template

ATTENTION = "arxiv:1706.03762"
LINEAR = "concept:linear-attention"
SLOW = "def slow(q, k, v, *, decay=0.9, mode='a'):\n    return decay * v\n"
PROGRAM = '"""Counts."""\nfrom __future__ import annotations\nsteps = 3\nreport("x", list(range(steps)))\n'


def confined(result: RunResult) -> RunResult:
    if result.status == "refused":
        pytest.skip(f"this machine cannot confine programs: {result.message}")
    assert result.status == "ok", (result.message, result.stderr)
    return result


@pytest.mark.parametrize("name", ["linear transformer", LINEAR, "code:linear-attention", "线性注意力"])
def test_a_variant_takes_its_form_from_what_it_is_attached_to(library: Library, name: str) -> None:
    kept = library.attach(
        name, " slow\n\tone\x00 ", "\ufeff" + SLOW.replace("\n", "\r\n"), parameters="decay in 0..1"
    )
    assert (kept.key, kept.name, kept.code, kept.like) == (LINEAR, "slow one", SLOW, "linear-attention")
    idea = library.idea(kept.address)
    assert (idea.slug, idea.title, idea.form) == (kept.address, "slow one", "mixer")
    assert [(one.name, one.default, one.high) for one in idea.parameters] == [("decay", 0.9, 1), ("mode", "a", None)]
    assert library.variants() == (idea,)
    view = library.show(LINEAR)
    assert isinstance(view, ConceptView)
    assert view.snippets == (kept,)
    assert library.snippet_counts() == {LINEAR: 1}


def test_a_paper_lends_the_form_of_the_one_idea_with_code_that_it_introduces(library: Library) -> None:
    assert library.attach("arxiv:2006.16236", "slow", SLOW).like == "linear-attention"
    assert library.attach("arxiv:2006.16236", "other", "def f(x): return x", like="RMSNorm").like == "rms-norm"
    kept = library.attach("arxiv:2006.16236", "program", PROGRAM, parameters="steps in 1..9")
    with pytest.raises(InvalidQueryError, match=f"{kept.address} is a program and no variant of an idea"):
        library.idea(kept.address)


@pytest.mark.parametrize(
    ("where", "name", "code", "parameters", "error"),
    [
        (LINEAR, "", SLOW, "", "needs a name"),
        (LINEAR, "\n\0", SLOW, "", "needs a name"),
        (LINEAR, "n" * 101, SLOW, "", "longer than 100 characters"),
        (LINEAR, "n", " \n", "", "n is empty"),
        (LINEAR, "n", "a\0b", "", "null bytes"),
        (LINEAR, "n", "x = '" + "a" * MOST_CODE + "'", "", "larger than 1024 KiB"),
        (LINEAR, "n", "def f(:", "", "cannot be read in line 1"),
        (LINEAR, "n", SLOW, "rate = 1", "no parameter 'rate': it has decay, mode"),
        ("", "n", SLOW, "", "not said what to attach it to"),
        ("concept:unheard-of", "n", SLOW, "", "unheard-of"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line(
    library: Library, where: str, name: str, code: str, parameters: str, error: str
) -> None:
    with pytest.raises((InvalidQueryError, NotFoundError), match=error) as caught:
        library.attach(where, name, code, parameters=parameters)
    assert "\n" not in str(caught.value)
    assert library.snippets() == []


def test_a_name_is_taken_once_and_an_unknown_number_is_told(library: Library) -> None:
    library.attach(LINEAR, "slow", SLOW)
    with pytest.raises(InvalidQueryError, match="'slow' already: choose another name, or change snippet:1"):
        library.attach("linear attention", "SLOW", PROGRAM)
    for name in ("snippet:9", "snippet:", "snippet:x", "snippet:²", "9" * 30, "snippet:-1"):
        with pytest.raises(NotFoundError, match="snippet"):
            library.snippet(name)
    with pytest.raises(NotFoundError, match="snippet 9"):
        library.run("snippet:9")
    with pytest.raises((NotFoundError, InvalidIdError)):
        library.attach(LINEAR, "x", SLOW, like="vanishing gradient")


def test_a_variant_runs_and_stands_beside_the_shipped_one(library: Library) -> None:
    kept = library.attach(LINEAR, "clamped", build_template(library.idea("linear-attention")))
    ran = confined(library.run(kept.address, {"form": "recurrent", "T": 4}, seed=2))
    assert ran.figures["idea"] == kept.address
    assert ran.figures["parameters"] == {"form": "recurrent", "normalise": True}
    (note,) = library.runs(kept.address)
    assert (note.parameters, note.seed, note.code_hash) == ({"form": "recurrent", "T": 4}, 2, kept.code_hash)
    compared = confined(library.compare(["linear-attention", kept.address], {f"{kept.address}.normalise": "false"}))
    (pair,) = compared.figures["pairs"]  # type: ignore[misc]
    assert pair["between"] == ["linear-attention", kept.address]
    assert pair["first_index"] is not None


def test_a_strangers_code_is_never_trusted(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted: list[bool] = []
    from kb.library import running

    def spy(program: str, limits: object, *, trusted: bool, **more: object) -> object:
        told.append(trusted)
        raise InvalidQueryError("only asked")

    told = trusted
    monkeypatch.setattr(running, "submit", spy)
    shipped = library.idea("linear-attention")
    # a copy, letter for letter, is a stranger's all the same
    copy = library.attach(LINEAR, "copy", shipped.code)
    asks = [
        lambda: library.run(copy.address),
        lambda: library.run(library.attach(LINEAR, "program", PROGRAM).address),
        lambda: library.compare([shipped, copy.address]),
        lambda: library.run("linear-attention", code=shipped.code + "\n"),
        lambda: library.run_snippet("file:mine.py", shipped.code),
        lambda: library.run(replace(shipped, code=shipped.code + "\n")),
        lambda: library.run("linear-attention"),
        lambda: library.compare(["linear-attention", "delta-rule"]),
    ]
    for ask in asks:
        with pytest.raises(InvalidQueryError, match="only asked"):
            ask()
    assert trusted == [False] * 6 + [True] * 2


def test_a_program_runs_with_its_constants_set(library: Library) -> None:
    kept = library.attach(ATTENTION, "count", PROGRAM, parameters="steps in 1..9")
    assert confined(library.run(kept.address)).figures == {"x": [0, 1, 2]}
    assert confined(library.run(kept.address, {"steps": "2"})).figures == {"x": [0, 1]}
    assert [one.parameters for one in library.runs(kept.address)] == [{"steps": "2"}, {}]
    for given, seed, message in (
        ({"steps": 10}, 0, f"steps of {kept.address} must be a whole number in 1..9"),
        ({"stop": 1}, 0, f"{kept.address} has no parameter 'stop': it has steps"),
        ({}, 4, "draws its own numbers: leave the seed out"),
    ):
        with pytest.raises(InvalidQueryError, match=message):
            library.run(kept.address, given, seed=seed)


def test_a_change_keeps_the_address_and_what_was_before(library: Library) -> None:
    kept = library.attach(LINEAR, "slow", SLOW, parameters="decay in 0..1")
    faster = library.change_snippet(replace(kept, code=SLOW.replace("0.9", "0.5"), name="fast"))
    assert (faster.id, faster.version, faster.name) == (kept.id, 2, "fast")
    assert library.idea(kept.address).parameters[0].default == 0.5
    (before,) = library.snippet_versions(kept.id)
    assert (before.code, before.parameters) == (SLOW, "decay in 0..1")
    with pytest.raises(InvalidQueryError, match="no parameter 'decay': it has steps"):
        library.change_snippet(replace(faster, code=PROGRAM))
    moved = library.change_snippet(replace(faster, key="attention is all you need"))
    assert (moved.key, moved.version) == (ATTENTION, 2)
    library.remove_snippet(kept.id)
    assert library.snippets() == library.snippet_versions(kept.id) == []


def test_what_can_no_longer_be_read_is_still_shown(library: Library) -> None:
    kept = library.attach(LINEAR, "slow", SLOW)
    from kb.store import snippets

    with library._store.write() as session:
        broken = replace(kept, code="def f(:", like="no-longer-shipped", key="concept:gone")
        snippets.change_snippet(session, broken)
    (found,) = library.snippets()
    reading = library.read_snippet(found)
    assert (reading.kind, reading.parameters) == ("program", ())
    assert "cannot be read in line 1" in reading.remarks[0]
    assert library.present_key(found) == ""
    assert library.variants() == ()
    assert library.export_snippets([found])


def test_a_file_says_what_it_is_and_is_read_back_as_it_was(library: Library) -> None:
    name = 'a \'quoted\' <b> 名字 # """'
    kept = library.attach(LINEAR, name, SLOW, parameters="decay = 0.25 in 0..1; mode of a | b")
    text = write_file(kept)
    assert kept.code_hash in text
    file = read_file(text)
    assert (file.code, file.name, file.key, file.like) == (SLOW, name, LINEAR, "linear-attention")
    assert (file.parameters, file.is_exported) == (kept.parameters, True)
    assert name_file(kept) == "001-a-quoted-b-名字.py"
    plain = read_file(SLOW)
    assert (plain.code, plain.name, plain.is_exported) == (SLOW, "", False)


@pytest.mark.parametrize(
    "code",
    [PROGRAM, "report('x', [0, 1, 2])\n", '"""D"""; x = (\n1)\nreport("x", 1)', "# c\nimport sys\nreport('x', 1)\n"],
)
def test_an_exported_program_runs_by_itself(library: Library, tmp_path: Path, code: str) -> None:
    kept = library.attach(ATTENTION, "count", code)
    path = tmp_path / "count.py"
    path.write_text(write_file(kept), encoding="utf-8")
    assert read_file(path.read_text(encoding="utf-8")).code == code
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    if "x = (" in code:
        # two statements share a line: there is no place for the line that gives it its report
        assert "NameError: name 'report' is not defined" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("x ")


def test_a_set_comes_back_with_everything(library: Library, tmp_path: Path, own: Path) -> None:
    for name, where, code, parameters in (
        ("slow", LINEAR, SLOW, "decay in 0..1"),
        ("count", ATTENTION, PROGRAM, ""),
        ("中文 / name", LINEAR, "x = '线'\n", "x"),
    ):
        library.attach(where, name, code, parameters=parameters)
    first = library.snippets()
    files = library.export_snippets(first)
    manifest = json.loads(files["manifest.json"])["snippets"]
    assert [one["file"] for one in manifest] == ["001-slow.py", "002-count.py", "003-中文-name.py"]
    assert [manifest[0][name] for name in ("kind", "form", "attached")] == ["variant", "mixer", LINEAR]
    folder, packed = tmp_path / "set", tmp_path / "set.zip"
    folder.mkdir()
    packed.write_bytes(pack(files))
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for source in (packed, folder, io.BytesIO(packed.read_bytes())):
        assert len(library.attach_set(source).already) == 3
        for one in library.snippets():
            library.remove_snippet(one.id)
        taken = library.attach_set(source)
        assert (taken.already, taken.refused) == ((), ())
        told = [(one.key, one.name, one.code, one.parameters, one.like) for one in taken.attached]
        assert told == [(one.key, one.name, one.code, one.parameters, one.like) for one in first]


def test_what_of_a_set_cannot_be_taken_is_told_and_the_rest_is_taken(library: Library) -> None:
    good = write_file(library.attach(LINEAR, "slow", SLOW))
    packed = pack(
        {
            "1-good.py": good.replace("slow\n", "other\n", 1),
            "2-taken.py": good.replace("return decay", "return 2 * decay"),
            "3-plain.py": SLOW,
            "4-gone.py": good.replace(LINEAR, "concept:unheard-of"),
            "5-broken.py": good.replace("def slow(", "def slow(:"),
            "../../escape.py": good.replace("slow\n", "third\n", 1),
            "notes.txt": "no program",
        }
    )
    taken = library.attach_set(io.BytesIO(packed))
    assert [one.name for one in taken.attached] == ["other", "third"]
    assert [file for file, _ in taken.refused] == ["2-taken.py", "3-plain.py", "4-gone.py", "5-broken.py"]
    reasons = [reason for _, reason in taken.refused]
    for part, reason in zip(("already", "to attach it to", "unheard-of", "cannot be read"), reasons, strict=True):
        assert part in reason


def test_a_zip_that_is_none_or_too_large_is_refused_in_one_line(tmp_path: Path) -> None:
    bomb, wrong, empty = tmp_path / "bomb.zip", tmp_path / "wrong.zip", tmp_path / "empty.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"0" * (64 << 20))
    ((_, content),) = read_set(bomb)
    assert len(content) == MOST_CODE + 1
    with pytest.raises(InvalidQueryError, match="larger than 1024 KiB"):
        decode_code(content, "a.py")
    wrong.write_bytes(b"PK\x03\x04 nothing")
    empty.write_bytes(pack({"readme.txt": "x"}))
    damaged = bytearray(pack({"a.py": "x = 1\n" * 1000}))
    damaged[40:60] = b"\xff" * 20
    for source in (wrong, io.BytesIO(bytes(damaged))):
        with pytest.raises(InvalidQueryError, match="no zip that can be read"):
            list(read_set(source))
    with pytest.raises(InvalidQueryError, match=r"empty\.zip holds no Python program"):
        list(read_set(empty))
    many = io.BytesIO(pack({f"{number}.py": "x" for number in range(1001)}))
    with pytest.raises(InvalidQueryError, match="more than 1000 programs"):
        list(read_set(many))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "no UTF-8 text"),
        ("x = 'é'".encode("latin-1"), "no UTF-8 text"),
        (b"\x00" * 10, "null bytes"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"x" * (5 << 20), "larger than 1024 KiB"),
    ],
)
def test_what_is_no_program_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(InvalidQueryError, match=f"mine.py .*{message}"):
        decode_code(content, "mine.py")


def test_a_program_of_windows_is_one_with_plain_lines() -> None:
    assert decode_code(b"\xef\xbb\xbfif 1:\r\n\tx = 1\r\n", "mine.py") == "if 1:\n\tx = 1\n"
