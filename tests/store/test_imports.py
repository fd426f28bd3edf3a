"""How far an import has come is remembered with the records themselves."""

from kb.store import Store
from kb.store.imports import begin_import, finish_import, note_progress


def begin(store: Store, fingerprint: str) -> int:
    with store.write() as session:
        return begin_import(session, fingerprint, "file.jsonl")


def test_a_new_content_starts_at_its_first_record(store: Store) -> None:
    assert begin(store, "a") == 0
    assert begin(store, "a") == 0


def test_an_unfinished_import_goes_on_where_it_was(store: Store) -> None:
    begin(store, "a")
    with store.write() as session:
        note_progress(session, "a", 400)
    assert begin(store, "a") == 400
    assert begin(store, "b") == 0


def test_a_finished_import_starts_again(store: Store) -> None:
    begin(store, "a")
    with store.write() as session:
        note_progress(session, "a", 400)
        finish_import(session, "a")
    assert begin(store, "a") == 0
    with store.write() as session:
        note_progress(session, "a", 200)
    assert begin(store, "a") == 200


def test_progress_is_kept_with_its_records_or_not_at_all(store: Store) -> None:
    begin(store, "a")

    def stop() -> None:
        with store.write() as session:
            note_progress(session, "a", 400)
            raise KeyboardInterrupt

    try:
        stop()
    except KeyboardInterrupt:
        assert begin(store, "a") == 0
