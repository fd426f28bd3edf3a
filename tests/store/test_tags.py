"""Tags stand beside the catalogue's word, wait for texts that change, and widen the filter by idea."""

import pytest

from kb.records import Concept, SearchFilter, Tag
from kb.store import Store
from kb.store.concepts import replace_concepts
from kb.store.documents import save_concept_documents
from kb.store.lookup import allowed_keys
from kb.store.saving import save_record
from kb.store.tags import Untagged, count_untagged, list_tagged, list_untagged, save_tags
from kb.store.views import get_paper_view
from tests.factories import make_record

GRU = Concept("gru", "Gated recurrent unit", "recurrence", "A gate.", introduced=2014)
LSTM = Concept("lstm", "Long short-term memory", "recurrence", "A cell.", introduced=1997)
KEY = "arxiv:1412.3555"


@pytest.fixture
def filled(store: Store) -> Store:
    """A library with two ideas and a paper that uses one of them."""
    with store.write() as session:
        replace_concepts(session, [GRU, LSTM], {})
        save_concept_documents(session)
        save_record(session, make_record(KEY, title="Gated units", abstract="A GRU.", uses=("lstm",)))
    return store


def tag(store: Store, *tags: Tag) -> Untagged:
    with store.write() as session:
        (text,) = list_untagged(session, "t1", 10)
        save_tags(session, "t1", [(text, tags)])
    return text


def test_only_works_and_articles_are_tagged_and_each_once(filled: Store) -> None:
    text = tag(filled, Tag("gru", 2, False, ("GRU",)))
    assert (text.title, text.body) == ("Gated units", "A GRU.")
    with filled.read() as session:
        assert count_untagged(session, "t1") == 0
        assert count_untagged(session, "t2") == 1


def test_a_tag_stands_behind_what_the_catalogue_says(filled: Store) -> None:
    tag(filled, Tag("gru", 2, False, ("GRU",)), Tag("lstm", 9, True, ("LSTM",)))
    with filled.read() as session:
        ideas = get_paper_view(session, KEY).ideas
        assert [one.title for one in list_tagged(session, KEY)] == ["Long short-term memory", "Gated recurrent unit"]
    assert [(one.key, one.note) for one in ideas] == [("concept:lstm", "uses"), ("concept:gru", "mentions")]


def test_the_filter_by_idea_finds_what_merely_speaks_of_it(filled: Store) -> None:
    with filled.read() as session:
        assert allowed_keys(session, SearchFilter(concept="gru")) == {"concept:gru"}
    tag(filled, Tag("gru", 1, False, ("GRU",)))
    with filled.read() as session:
        assert allowed_keys(session, SearchFilter(concept="gru")) == {"concept:gru", KEY}


def test_a_text_that_changes_is_to_be_tagged_again(filled: Store) -> None:
    tag(filled, Tag("gru", 1, False, ("GRU",)))
    with filled.write() as session:
        save_record(session, make_record(KEY, title="Gated units", abstract="An LSTM.", uses=("lstm",)))
    with filled.read() as session:
        assert [one.body for one in list_untagged(session, "t1", 10)] == ["An LSTM."]


def test_tags_of_an_older_text_are_not_written(filled: Store) -> None:
    with filled.write() as session:
        (text,) = list_untagged(session, "t1", 10)
        save_record(session, make_record(KEY, title="Gated units", abstract="An LSTM.", uses=("lstm",)))
        save_tags(session, "t1", [(text, [Tag("gru", 1, False, ("GRU",))])])
    with filled.read() as session:
        assert list_tagged(session, KEY) == ()
        assert count_untagged(session, "t1") == 1
