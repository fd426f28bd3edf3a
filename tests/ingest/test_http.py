"""Sessions against a real server that misbehaves: time-outs, retries, patience, the gate, the cache, the errors."""

import logging
import pickle
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from ingest.http import SourceRules, build_session, public_url
from kb.errors import (
    InvalidQueryError,
    MalformedDataError,
    NotFoundError,
    RateLimitedError,
    SourceError,
    UnavailableError,
)
from kb.settings import Settings
from tests.ingest.replay import ReplayServer, Reply

Make = Callable[..., Settings]
RULES = SourceRules(delay_s=0.01)
ONE = "?id_list=1706.03762&start=0&max_results=1"


def ask(server: ReplayServer, settings: Settings, rules: SourceRules = RULES, query: str = ONE) -> bytes:
    with build_session(settings, rules) as session:
        return session.get(server.url + query).content


def test_answers_what_the_server_says(server: ReplayServer, make_settings: Make) -> None:
    assert b"Attention Is All" in ask(server, make_settings())
    assert server.seen[0].headers["User-Agent"].startswith("stemma/")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_tries_again_after_a_status_that_may_pass(server: ReplayServer, make_settings: Make, status: int) -> None:
    server.reply_next(Reply(status), Reply(status))
    assert b"Attention Is All" in ask(server, make_settings())
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "trouble",
    [Reply(drop=True), Reply(body=b"<feed", missing=10), Reply(wait_s=1.0, right=True)],
    ids=["dropped connection", "answer breaks off", "silence"],
)
def test_tries_again_when_no_answer_comes(server: ReplayServer, make_settings: Make, trouble: Reply) -> None:
    server.reply_next(trouble)
    assert b"Attention Is All" in ask(server, make_settings(timeout_read_s=0.3))


def test_a_silent_server_is_given_up_in_time(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(wait_s=30), Reply(wait_s=30))
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="no answer in time"):
        ask(server, make_settings(timeout_read_s=0.2, attempts=2))
    assert time.monotonic() - began < 5


def test_gives_up_after_the_attempts_and_names_address_and_number(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(*[Reply(503)] * 5)
    with pytest.raises(UnavailableError) as caught:
        ask(server, make_settings(attempts=3))
    assert len(server.seen) == 3
    assert caught.value.attempt == 3
    assert caught.value.url == server.url + "?id_list=1706.03762&start=0&max_results=1"
    assert "3 attempts" in str(caught.value)
    assert caught.value.url in str(caught.value)


def test_nobody_listening_is_unavailable(make_settings: Make) -> None:
    with build_session(make_settings(attempts=2), RULES) as session, pytest.raises(UnavailableError) as caught:
        session.get("http://127.0.0.1:9/api")
    assert caught.value.attempt == 2
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_waits_as_long_as_retry_after_says(server: ReplayServer, make_settings: Make, as_date: bool) -> None:
    # A date has whole seconds: two seconds ahead is at least one.
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    server.reply_next(Reply(429, headers={"Retry-After": value}))
    assert b"Attention Is All" in ask(server, make_settings())
    first, second = server.seen
    assert second.came_at - first.left_at >= 0.9


def test_retry_after_counts_for_503_too(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(503, headers={"Retry-After": "1"}))
    ask(server, make_settings())
    assert server.seen[1].came_at - server.seen[0].left_at >= 0.9


def test_more_patience_than_we_have_is_an_error_at_once(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(429, headers={"Retry-After": "3600"}))
    with pytest.raises(RateLimitedError, match=r"3600 s.*STEMMA_PATIENCE_S"):
        ask(server, make_settings(patience_s=5))
    assert len(server.seen) == 1


def test_a_source_that_keeps_asking_us_to_slow_down_is_rate_limited(
    server: ReplayServer, make_settings: Make
) -> None:
    server.reply_next(*[Reply(429, headers={"Retry-After": "0"})] * 3)
    with pytest.raises(RateLimitedError) as caught:
        ask(server, make_settings(attempts=3))
    assert caught.value.attempt == 3


def test_pauses_grow(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(*[Reply(500)] * 3)
    ask(server, make_settings(attempts=4), SourceRules(delay_s=0.1))
    gaps = [after.came_at - before.left_at for before, after in zip(server.seen, server.seen[1:], strict=False)]
    # 0.1 s, 0.2 s, 0.4 s, and up to 0.1 s of jitter on each.
    assert gaps[0] >= 0.09
    assert gaps[1] >= 0.19
    assert gaps[2] >= 0.39


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidQueryError), (401, UnavailableError), (403, UnavailableError), (404, NotFoundError)]
    + [(status, UnavailableError) for status in (204 + 100, 409, 418, 501)],
)
def test_any_other_status_raises_at_once(
    server: ReplayServer, make_settings: Make, status: int, kind: type[Exception]
) -> None:
    server.reply_next(Reply(status))
    with pytest.raises(kind, match=str(status)):
        ask(server, make_settings())
    assert len(server.seen) == 1


def test_an_answer_that_is_not_whole_is_asked_for_again(server: ReplayServer, make_settings: Make) -> None:
    def check(content: bytes) -> None:
        if not content.rstrip().endswith(b"</feed>"):
            raise MalformedDataError("cut short")

    rules = SourceRules(delay_s=0.01, check=check)
    server.reply_next(Reply(body=b"<feed><entry>"))
    assert b"Attention Is All" in ask(server, make_settings(), rules)
    server.reply_next(*[Reply(body=b"garbage")] * 3)
    with pytest.raises(MalformedDataError, match="cut short") as caught:
        ask(server, make_settings(cache_days=0, attempts=2), rules)
    assert caught.value.attempt == 2


def test_answer_that_cannot_be_unpacked_is_malformed(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(MalformedDataError):
        ask(server, make_settings(attempts=1))


def test_an_address_that_is_none_is_unavailable(make_settings: Make) -> None:
    with build_session(make_settings(), RULES) as session:
        for address in ("nonsense", "gopher://127.0.0.1/", "http://"):
            with pytest.raises(UnavailableError, match="cannot ask"):
                session.get(address)


def test_errors_survive_pickling(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(Reply(500))
    with pytest.raises(SourceError) as caught:
        ask(server, make_settings(attempts=1))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.message, again.url, again.attempt) == (
        UnavailableError,
        caught.value.message,
        caught.value.url,
        1,
    )


def test_calls_of_all_sessions_keep_their_distance(server: ReplayServer, make_settings: Make) -> None:
    for number in range(3):
        ask(server, make_settings(), SourceRules(delay_s=0.2), f"?id_list=1706.03762&start={number}&max_results=1")
    for before, after in zip(server.seen, server.seen[1:], strict=False):
        assert after.came_at - before.left_at >= 0.2


def test_threads_come_one_at_a_time_and_keep_their_distance(server: ReplayServer, make_settings: Make) -> None:
    server.reply_next(*[Reply(wait_s=0.05, right=True)] * 4)
    queries = [f"?id_list=1706.03762&start={number}&max_results=1" for number in range(4)]
    threads = [
        threading.Thread(target=ask, args=(server, make_settings(), SourceRules(delay_s=0.1), query))
        for query in queries
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(server.seen) == 4
    assert server.most_at_once == 1
    for before, after in zip(server.seen, server.seen[1:], strict=False):
        assert after.came_at - before.left_at >= 0.1


def test_a_cached_answer_asks_nobody_and_waits_for_nobody(server: ReplayServer, make_settings: Make) -> None:
    slow = SourceRules(delay_s=3.0)
    first = ask(server, make_settings(), slow)
    began = time.monotonic()
    assert ask(server, make_settings(), slow) == first
    assert time.monotonic() - began < 1
    assert len(server.seen) == 1


def test_zero_cache_days_means_no_cache(server: ReplayServer, make_settings: Make) -> None:
    for _ in range(2):
        ask(server, make_settings(cache_days=0))
    assert len(server.seen) == 2


def test_failures_and_empty_answers_are_not_kept(server: ReplayServer, make_settings: Make) -> None:
    rules = SourceRules(delay_s=0.01, is_lasting=lambda content: b"<entry" in content)
    nothing = "?id_list=2001.00001&start=0&max_results=1"
    ask(server, make_settings(), rules, nothing)
    ask(server, make_settings(), rules, nothing)
    assert len(server.seen) == 2
    server.reply_next(Reply(404))
    with pytest.raises(NotFoundError):
        ask(server, make_settings(), rules)
    assert b"Attention" in ask(server, make_settings(), rules)


def test_a_cache_that_cannot_be_made_is_done_without(
    server: ReplayServer, make_settings: Make, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("not a folder")
    assert b"Attention" in ask(server, make_settings(cache_dir=in_the_way))


def test_a_cache_that_cannot_be_written_loses_no_answer(
    server: ReplayServer, make_settings: Make, tmp_path: Path
) -> None:
    with build_session(make_settings(), RULES) as session:
        folder = tmp_path / "cache" / "http"
        folder.rmdir()
        folder.write_text("not a folder any more")
        assert b"Attention" in session.get(server.url + ONE).content


def test_a_damaged_cache_file_is_asked_for_again(server: ReplayServer, make_settings: Make, tmp_path: Path) -> None:
    first = ask(server, make_settings())
    (file,) = (tmp_path / "cache" / "http").glob("*.json")
    file.write_text(file.read_text()[:100])
    assert ask(server, make_settings()) == first
    assert len(server.seen) == 2


def test_neither_key_nor_header_is_logged_kept_or_told(
    server: ReplayServer, make_settings: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.reply_next(Reply(500), Reply(right=True), Reply(403))
    with build_session(make_settings(), RULES) as session:
        session.headers["x-api-key"] = "sesame-42"
        session.get(server.url + ONE)
        with pytest.raises(UnavailableError) as caught:
            session.get(f"{server.url}?api_key=sesame-42&page=2")
    assert server.seen[0].headers["x-api-key"] == "sesame-42"
    assert "sesame" not in str(caught.value) + caught.value.url
    assert "page=2" in caught.value.url
    kept = "".join(file.read_text() for file in (tmp_path / "cache" / "http").iterdir())
    assert "sesame" not in kept
    assert "x-api-key" not in caplog.text.lower()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("ingest", "stamina"))]
    assert ours
    assert not any("sesame" in message for message in ours)


def test_public_url_keeps_what_is_no_secret() -> None:
    assert public_url("https://me:pw@host.org/a?key=1&q=x%20y&token=2") == "https://host.org/a?q=x+y"
    assert public_url("https://host.org/a") == "https://host.org/a"
