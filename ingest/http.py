"""Sessions that behave: the only place that opens a socket.

Every request has time-outs, is tried again when that can help, waits its turn at the source's gate, and is answered
from the cache where it can be. What fails leaves as one of ours, with the address and the number of attempts.
Nothing here logs a header. A key travels in a header, never in an address: libraries below us log addresses.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
import stamina
from requests.adapters import HTTPAdapter
from requests_cache import AnyResponse, CachedSession
from urllib3.exceptions import HTTPError

import kb
from ingest.gates import gate_of, parse_retry_after
from ingest.http_cache import open_cache
from kb.errors import (
    InvalidQueryError,
    KBError,
    MalformedDataError,
    NotFoundError,
    RateLimitedError,
    SourceError,
    UnavailableError,
)
from kb.settings import Settings

#: Statuses after which the same request may succeed.
RETRIED = frozenset({429, 500, 502, 503, 504})
_SECRETS = frozenset({"api_key", "apikey", "access_token", "key", "token"})
_REFUSALS: dict[int, tuple[type[KBError], str]] = {
    400: (InvalidQueryError, "it does not understand the request; check what was asked"),
    401: (UnavailableError, "it wants a valid key; check the key in the settings"),
    403: (UnavailableError, "it refuses access; check the key in the settings, or try later"),
    404: (NotFoundError, "it has nothing there; check the identifier"),
}

log = logging.getLogger(__name__)
# Retries are logged below, in words; without a handler stamina's own event name would land on standard error.
logging.getLogger("stamina").addHandler(logging.NullHandler())


def explain_status(response: requests.Response) -> KBError:
    """Return the error for an answer that is neither a success nor worth another try."""
    kind, why = _REFUSALS.get(response.status_code, (UnavailableError, "we do not know what that means; try later"))
    url = public_url(response.url)
    message = f"{urlsplit(url).netloc} answered {response.status_code}: {why}: {url}"
    return kind(message, url) if issubclass(kind, SourceError) else kind(message)


@dataclass(frozen=True, slots=True)
class SourceRules:
    """What a session must know about one source."""

    delay_s: float = 1.0
    """Seconds of silence between two requests; the first pause before another try is as long."""
    check: Callable[[bytes], None] = lambda _: None
    """Raises MalformedDataError where a successful answer is not whole: it is asked for again, and not kept."""
    explain: Callable[[requests.Response], KBError] = explain_status
    """Turns a refusal into an error."""
    is_lasting: Callable[[bytes], bool] = lambda _: True
    """Tells whether an answer is worth keeping: "nothing found" may be wrong tomorrow."""


class SourceSession(CachedSession):
    """A requests session that raises only our errors, and raises on everything but a success."""

    def __init__(self, settings: Settings, rules: SourceRules) -> None:
        super().__init__(
            backend=open_cache(settings.cache_dir / "http"),
            expire_after=settings.cache_days * 86_400,
            filter_fn=lambda response: rules.is_lasting(response.content),
        )
        # Nothing kept is used either: what was kept under another setting has its own date of expiry.
        self.settings.disabled = settings.cache_days == 0
        self.headers["User-Agent"] = f"stemma/{kb.__version__}"
        self._rules = rules
        for scheme in ("https://", "http://"):
            self.mount(scheme, PoliteAdapter(settings, rules))

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> AnyResponse:
        try:
            response = super().request(method, url, *args, **options)
        except requests.exceptions.ContentDecodingError as error:
            message = f"an answer that cannot be unpacked; try later: {public_url(url)}"
            raise MalformedDataError(message, public_url(url)) from error
        except (requests.RequestException, HTTPError) as error:
            message = f"cannot ask {public_url(url)}: {_reason(error)}; check the address and the network"
            raise UnavailableError(message, public_url(url)) from error
        if not 200 <= response.status_code < 300:
            raise self._rules.explain(response)
        return response


class PoliteAdapter(HTTPAdapter):
    """Sends a request, again if need be: below the cache, so that a cached answer waits for nobody."""

    def __init__(self, settings: Settings, rules: SourceRules) -> None:
        super().__init__()
        self._settings, self._rules = settings, rules

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        settings, delay_s = self._settings, self._rules.delay_s
        options = {
            "timeout": timeout or (settings.timeout_connect_s, settings.timeout_read_s),
            "verify": verify,
            "cert": cert,
            "proxies": proxies,
        }
        tries = stamina.retry_context(
            on=_pause,
            attempts=settings.attempts,
            timeout=None,
            wait_initial=delay_s,
            wait_max=settings.patience_s,
            wait_jitter=delay_s,
        )
        try:
            for attempt in tries:
                with attempt:
                    return self._try_once(request, attempt.num, options)
        except _TryAgain as last:
            raise last.error from last.__cause__
        raise AssertionError("the last attempt either returns or raises")

    def _try_once(
        self, request: requests.PreparedRequest, attempt: int, options: dict[str, Any]
    ) -> requests.Response:
        url = public_url(request.url or "")
        host = urlsplit(url).netloc
        try:
            with gate_of(host).turn(self._rules.delay_s):
                response = super().send(request, **options)
                # Read here, so that a connection that breaks half-way counts as a failed attempt.
                content = response.content
            if response.status_code == 200:
                self._rules.check(content)
        except requests.exceptions.SSLError:
            raise
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            message = f"{host} did not answer: {_reason(error)}; check the network, or try later"
            raise self._fail(UnavailableError, message, url, attempt) from error
        except MalformedDataError as error:
            raise self._fail(MalformedDataError, f"{host}: {error.message}", url, attempt) from error
        if response.status_code in RETRIED:
            raise self._refused(response, url, attempt)
        return response

    def _refused(self, response: requests.Response, url: str, attempt: int) -> Exception:
        host, patience_s = urlsplit(url).netloc, self._settings.patience_s
        wait_s = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        if wait_s is not None and wait_s > patience_s:
            message = (
                f"{host} asks us to wait {wait_s:.0f} s, longer than the {patience_s:.0f} s we are willing to; "
                f"try again after that, or raise STEMMA_PATIENCE_S: {url}"
            )
            return RateLimitedError(message, url, attempt)
        if response.status_code == 429:
            message = f"{host} asks us to slow down (429); try again in some minutes"
            return self._fail(RateLimitedError, message, url, attempt, wait_s)
        message = f"{host} answered {response.status_code}; try again later"
        return self._fail(UnavailableError, message, url, attempt, wait_s)

    def _fail(
        self, kind: type[SourceError], message: str, url: str, attempt: int, wait_s: float | None = None
    ) -> "_TryAgain":
        log.info("attempt %d of %d failed: %s", attempt, self._settings.attempts, message)
        times = "1 attempt" if attempt == 1 else f"{attempt} attempts"
        return _TryAgain(kind(f"{message} ({times}): {url}", url, attempt), wait_s)


class _TryAgain(Exception):  # noqa: N818 - never leaves this file
    """An attempt failed in a way that another may not; ``wait_s`` is what the source asked for, if it did."""

    def __init__(self, error: SourceError, wait_s: float | None) -> None:
        super().__init__(str(error))
        self.error, self.wait_s = error, wait_s


def _pause(error: Exception) -> bool | float:
    if not isinstance(error, _TryAgain):
        return False
    return True if error.wait_s is None else error.wait_s


def build_session(settings: Settings, rules: SourceRules | None = None) -> SourceSession:
    """Return a session for one source; close it when done, or use it as a context manager.

    Its requests raise RateLimitedError (it asks for more patience than we have), UnavailableError (no answer, or
    5xx), MalformedDataError (``rules.check`` is not content), and what ``rules.explain`` makes of any other status.
    """
    return SourceSession(settings, rules or SourceRules())


def public_url(url: str) -> str:
    """Return the address without user, password and keys.

    Examples
    --------
    >>> public_url("https://me:pw@api.openalex.org/works?api_key=1234&page=2")
    'https://api.openalex.org/works?page=2'
    """
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name.lower() not in _SECRETS]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(kept)))


def _reason(error: Exception) -> str:
    """Say in a few words what a foreign exception means; its own text names objects and may hold an address."""
    kinds = {
        requests.exceptions.SSLError: "its certificate is not trusted",
        requests.exceptions.ProxyError: "the proxy fails",
        requests.exceptions.ConnectTimeout: "no connection in time",
        requests.Timeout: "no answer in time",
        requests.exceptions.ChunkedEncodingError: "the answer breaks off",
        requests.TooManyRedirects: "it sends us in circles",
        requests.ConnectionError: "no connection",
    }
    return next((words for kind, words in kinds.items() if isinstance(error, kind)), type(error).__name__)
