"""Ask arXiv for papers, by identifier or by query, through the ``arxiv`` client and our own session.

The client pages and parses; time-outs, retries, the pause between two requests and the cache are ``http``'s business.
Two private names of the client are used, which is why the dependency is bounded to ``arxiv<5``: its session, which it
gives no way to choose, and the method that fetches a page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import arxiv
import requests

from ingest.arxiv_feed import check_feed, check_page, has_entries, parse_arxiv_result, parse_refusal
from ingest.http import SourceRules, SourceSession, build_session, explain_status
from ingest.parsed import Parsed
from kb.errors import InvalidIdError, InvalidQueryError, KBError, MalformedDataError
from kb.ids import PaperId, find_id
from kb.records import PaperRecord, Skipped
from kb.settings import Settings

#: Papers asked for in one request. The API's limit is 2,000; small pages come sooner and fail less.
PAGE = 100
#: "The maximum number of results is limited to 30,000" (API user's manual, start and max_results).
MOST = 30_000
_NO_ID = "not an arXiv identifier, which is all that arXiv can be asked for: %s"


def fetch_arxiv_papers(ids: Sequence[PaperId], settings: Settings) -> Parsed:
    """Return the newest version of each paper, in the order asked; an identifier given twice counts once.

    Skipped, with its 1-based place in ``ids``, is one that is no arXiv identifier, that arXiv refuses, or that it
    does not know.

    Raises
    ------
    SourceError : RateLimitedError, UnavailableError or MalformedDataError; what was fetched before is in the cache
    """
    places: dict[PaperId, int] = {}
    for place, one in enumerate(ids, start=1):
        places.setdefault(one, place)
    wanted = [one for one in places if one.scheme == "arxiv" and find_id("arxiv", one.value) == one]
    found: dict[str, PaperRecord] = {}
    with build_session(settings, _build_rules(settings, check_feed)) as session:
        lookup = _LookUp(session, settings)
        for start in range(0, len(wanted), PAGE):
            found |= lookup.find(wanted[start : start + PAGE])
    return Parsed(
        records=tuple(found[str(one)] for one in wanted if str(one) in found),
        skipped=tuple(
            Skipped(place, f"arXiv has no paper {one.value}; check the identifier" if one in wanted else _NO_ID % one)
            for one, place in places.items()
            if str(one) not in found
        ),
    )


def fetch_arxiv_query(text: str, max_results: int, settings: Settings) -> Parsed:
    """Return the papers that arXiv finds for a query, most relevant first, at most ``max_results`` of them.

    ``text`` is in arXiv's own language, for example ``ti:attention AND au:vaswani`` (API user's manual, "Details of
    Query Construction"). Skipped is an entry that cannot be read, with its 1-based rank.

    Raises
    ------
    InvalidQueryError : no text, a number out of range, or arXiv does not understand the text
    SourceError       : RateLimitedError, UnavailableError or MalformedDataError
    """
    if not text.strip():
        raise InvalidQueryError("an empty query; give words, or fields like ti:attention")
    if not 1 <= max_results <= MOST:
        raise InvalidQueryError(f"{max_results} results cannot be asked for; choose 1 to {MOST}")
    search = arxiv.Search(query=text.strip(), max_results=max_results)
    client = arxiv.Client(min(PAGE, max_results), delay_seconds=0, num_retries=0)
    with build_session(settings, _build_rules(settings, check_page)) as session:
        results = _list_results(client, search, session, settings)
    taken = [_take(result, rank) for rank, result in enumerate(results, start=1)]
    # A page that was one short makes the client ask for an overlapping one.
    records = {one.paper.key: one for one in taken if isinstance(one, PaperRecord)}
    return Parsed(tuple(records.values()), tuple(one for one in taken if isinstance(one, Skipped)))


@dataclass(frozen=True, slots=True)
class _LookUp:
    """Looks identifiers up, a page at a time."""

    session: SourceSession
    settings: Settings

    def find(self, ids: Sequence[PaperId]) -> dict[str, PaperRecord]:
        """Return by key the papers that arXiv knows."""
        search = arxiv.Search(id_list=[one.value for one in ids], max_results=len(ids))
        client = _OnePageClient(len(ids), delay_seconds=0, num_retries=0)
        try:
            results = _list_results(client, search, self.session, self.settings)
        except InvalidIdError:
            # One identifier that arXiv refuses fails the whole request: ask for the halves.
            half = len(ids) // 2
            return self.find(ids[:half]) | self.find(ids[half:]) if half else {}
        taken = (_take(result, rank) for rank, result in enumerate(results, start=1))
        return {one.paper.key: one for one in taken if isinstance(one, PaperRecord)}


class _OnePageClient(arxiv.Client):  # type: ignore[misc]  # the package ships no types
    """A client that asks once: in a look-up arXiv announces as many results as were asked for, found or not."""

    def _parse_feed(self, url: str, first_page: bool = True, _try_index: int = 0) -> Any:
        feed = super()._parse_feed(url, first_page, _try_index)
        feed.header.total_results = len(feed.results)
        return feed


def _list_results(
    client: arxiv.Client, search: arxiv.Search, session: SourceSession, settings: Settings
) -> list[arxiv.Result]:
    client._session = session
    client.query_url_format = settings.arxiv_url.replace("{", "{{").replace("}", "}}") + "?{}"
    try:
        return list(client.results(search))
    except arxiv.ArxivError as error:
        raise MalformedDataError(f"arXiv's answer cannot be used: {error.message}; try later", error.url) from error
    except ValueError as error:
        message = f"arXiv's answer holds a date or number that cannot be read ({error}); try later"
        raise MalformedDataError(message, settings.arxiv_url) from error


def _take(result: arxiv.Result, place: int) -> PaperRecord | Skipped:
    try:
        return parse_arxiv_result(result)
    except MalformedDataError as error:
        return Skipped(place, error.message)


def _build_rules(settings: Settings, check: Callable[[bytes], None]) -> SourceRules:
    return SourceRules(settings.arxiv_delay_s, check, explain=_explain, is_lasting=has_entries)


def _explain(response: requests.Response) -> KBError:
    return parse_refusal(response.content) or explain_status(response)
