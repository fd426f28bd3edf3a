"""Library: what is here, a file taken in while the page stays readable, and files that cannot be taken."""

import gzip
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.errors import UnavailableError
from kb.library import Library
from kb.records import ImportReport
from kb.ui.jobs import Desk, get_desk

Open = Callable[..., AppTest]
Read = Callable[[AppTest], str]
WAIT_S = 60.0


def write_records(path: Path, count: int) -> Path:
    """Write records as Semantic Scholar gives them, the last one without a title."""
    records = [
        {
            "paperId": f"{number:040x}",
            "externalIds": {"ArXiv": f"2401.{number:05d}"},
            "title": f"A made-up study of gates, part {number}",
            "year": 2024,
            "authors": [{"name": "Ada Example"}],
            "references": [{"paperId": None, "externalIds": {"ArXiv": "1706.03762"}, "title": "Attention"}],
        }
        for number in range(1, count + 1)
    ]
    lines = [json.dumps(one) for one in [*records, {"paperId": "f" * 40, "title": None}]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def finish(app: AppTest) -> AppTest:
    """Look again, as the page does every second, until no import is under way."""
    deadline = time.monotonic() + WAIT_S
    while any("under way" in one.value for one in app.html):
        assert time.monotonic() < deadline, "the import does not end"
        time.sleep(0.1)
        app.run()
    return app


def submit(app: AppTest, label: str) -> AppTest:
    next(one for one in app.button if one.label == label).click()
    return app.run()


def test_it_counts_what_is_here_and_lists_it_by_year(app_page: Open, read_page: Read) -> None:
    shown = read_page(app_page("library"))
    assert re.search(r"\d{3} papers; \d{3} ideas; \d{3} lines of descent", shown)
    assert "1948 A Mathematical Theory of Communication" in shown
    assert "page 1 of " in shown


def test_the_list_pages_and_filters_by_family(app_page: Open, read_page: Read) -> None:
    assert "1948" not in read_page(app_page("library", page="2"))
    app = app_page("library", family="hardware")
    assert app.selectbox(key="family").value == "hardware"
    assert "A Mathematical Theory of Communication" not in read_page(app)
    app.selectbox(key="family").set_value("language-models").run()
    assert app.query_params["family"] == "language-models"
    assert "A Mathematical Theory of Communication" in read_page(app)


def test_an_uploaded_file_is_taken_linked_and_given_vectors(
    app_page: Open, read_page: Read, own_db: Path, tmp_path: Path
) -> None:
    file = write_records(tmp_path / "made-up.jsonl", 30)
    app = app_page("library", db=own_db)
    app.file_uploader(key="upload").set_value((file.name, file.read_bytes(), "application/jsonl"))
    shown = read_page(finish(submit(app, "Import")))
    assert "made-up.jsonl" in shown
    assert "30 added, 0 updated, 0 unchanged" in shown
    assert "30 linked, 0 left open" in shown
    assert "Vectors 30 made" in shown
    assert "at 31: the record has no title" in shown
    assert "30 of them added here" in shown
    with Library.open(str(own_db)) as library:
        assert "made-up study" in library.search("made-up study of gates").hits[0].title


def test_a_file_is_taken_by_its_path_and_a_second_time_changes_nothing(
    app_page: Open, read_page: Read, own_db: Path, tmp_path: Path
) -> None:
    file = tmp_path / "made-up.jsonl.gz"
    file.write_bytes(gzip.compress(write_records(tmp_path / "plain", 3).read_bytes()))
    for outcome in ("3 added", "3 unchanged"):
        app = app_page("library", db=own_db)
        app.text_input[0].set_value(str(file))
        assert outcome in read_page(finish(submit(app, "Import")))
    assert file.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b\x08broken", "damaged"),
        (b"a,b,c\n1,2,3\n", "none of the formats that can be imported"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_calm_line(
    app_page: Open, read_page: Read, own_db: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(content)
    app = app_page("library", db=own_db)
    app.text_input[0].set_value(str(file))
    app = finish(submit(app, "Import"))
    assert len(app.error) == 1
    assert words in app.error[0].value
    assert "Traceback" not in read_page(app)


def test_no_file_and_no_identifier_ask_for_one(app_page: Open, own_db: Path) -> None:
    app = app_page("library", db=own_db)
    assert "no file yet" in submit(app, "Import").warning[0].value
    assert "no identifier yet" in submit(app, "Fetch from arXiv").warning[0].value


def test_a_bad_identifier_is_named_without_asking_the_network(app_page: Open, own_db: Path) -> None:
    app = app_page("library", db=own_db, add="arxiv:17.3")
    app = finish(submit(app, "Fetch from arXiv"))
    assert "arxiv:17.3" in app.error[0].value


def test_the_state_is_examined_on_request(app_page: Open, read_page: Read) -> None:
    app = app_page("library")
    assert "Versions" not in read_page(app)
    app.checkbox(key="health").check().run()
    shown = read_page(app)
    for words in ("No problem found.", "Code is confined by", "streamlit 1.", "s2_key not set"):
        assert words in shown
    assert app.query_params["health"] == "1"


def test_one_import_at_a_time_it_can_be_stopped_and_the_page_stays_readable(
    app_page: Open, read_page: Read, own_db: Path
) -> None:
    app = app_page("library", db=own_db)
    desk = get_desk(str(own_db))

    def take_slowly(note: Callable[[int, int | None], None]) -> ImportReport:
        for done in range(10_000):
            note(done, 10_000)
            time.sleep(0.01)
        raise AssertionError("nobody stopped it")

    with Library.open(str(own_db)) as library:
        assert desk.begin(library, "slow", take_slowly)
        assert not desk.begin(library, "second", take_slowly)
        shown = read_page(app.run())
        assert "An import is under way" in shown
        assert "1948 A Mathematical Theory of Communication" in shown
        assert not any(one.label == "Import" for one in app.button)
        assert "Hits 1 to 10" in read_page(app_page("", db=own_db, q="attention"))
        submit(app, "Stop")
        assert "was stopped" in finish(app).info[0].value
    submit(app, "Done")
    assert desk.job is None


def test_a_source_that_fails_leaves_its_message_and_the_desk_free(own_db: Path) -> None:
    def fail(note: object) -> ImportReport:
        raise UnavailableError("arXiv does not answer; try again later")

    desk = Desk()
    with Library.open(str(own_db)) as library:
        assert desk.begin(library, "failing", fail)
        deadline = time.monotonic() + WAIT_S
        while desk.is_busy and time.monotonic() < deadline:
            time.sleep(0.02)
    assert desk.job is not None
    assert desk.job.error == "arXiv does not answer; try again later"
    assert not desk.is_busy
