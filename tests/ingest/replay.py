"""A real HTTP server on this machine that answers as arXiv does: from recordings, and badly when told to.

Requests are matched by their parameters, never by order. A look-up is answered from the entries that were loaded,
and as arXiv does announces as many results as were asked for; a query is answered from all entries in the order of
loading, by pages. Exchanges loaded whole (``load_exchanges``) come first.
"""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">\n'
)
_ENTRY = re.compile(r"<entry>.*?</entry>", re.DOTALL)
_ID = re.compile(r"<id>http://arxiv\.org/abs/(.+?)(v\d+)?</id>")
_FORM = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})(v\d+)?")


@dataclass(frozen=True)
class Reply:
    """What the server sends instead of the right answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    """Seconds of silence before the answer."""
    missing: int = 0
    """How many announced bytes are never sent."""
    drop: bool = False
    """Whether the connection ends without a word."""
    right: bool = False
    """Whether the answer is the right one after all, when the silence is over."""


@dataclass(frozen=True)
class Seen:
    """A request as it arrived: when it came and when its answer was sent (monotonic seconds), and what it asked."""

    came_at: float
    left_at: float
    query: dict[str, str]
    headers: dict[str, str]


class ReplayServer(ThreadingHTTPServer):
    """Use as a context manager: it listens from then on, and ``url`` is the address of its API."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[Seen] = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._replies: list[Reply] = []
        self._exchanges: dict[tuple[tuple[str, str], ...], Reply] = {}
        self._entries: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/query"

    def __enter__(self) -> "ReplayServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a client that gave up waiting is what some tests are about."""

    def reply_next(self, *replies: Reply) -> None:
        """Answer the next requests so; then go on as usual."""
        self._replies += replies

    def load_feed(self, body: str) -> None:
        """Serve the entries of a feed."""
        for entry in _ENTRY.findall(body):
            if found := _ID.search(entry):
                self._entries[found[1]] = entry

    def load_exchanges(self, folder: Path) -> None:
        """Serve recorded exchanges: JSON files with url, status_code and body."""
        for file in sorted(folder.glob("*.json")):
            exchange = json.loads(file.read_text("utf-8"))
            query = dict(parse_qsl(urlsplit(exchange["url"]).query, keep_blank_values=True))
            self._exchanges[_match(query)] = Reply(exchange["status_code"], exchange["body"].encode())

    def choose_reply(self, query: dict[str, str]) -> Reply:
        with self.lock:
            reply = self._replies.pop(0) if self._replies else Reply(right=True)
        if not reply.right:
            return reply
        right = self._exchanges.get(_match(query)) or self._answer(query)
        return Reply(right.status, right.body, wait_s=reply.wait_s)

    def _answer(self, query: dict[str, str]) -> Reply:
        start, most = int(query["start"]), int(query["max_results"])
        asked = [one for one in query.get("id_list", "").split(",") if one]
        if refused := next((one for one in asked if not _FORM.fullmatch(one)), None):
            return Reply(400, refuse(f"incorrect id format for {refused}"))
        if asked:
            names = [re.sub(r"v\d+$", "", one) for one in asked]
            found = [self._entries[one] for one in names[start : start + most] if one in self._entries]
            return Reply(200, write_feed(found, total=len(asked), start=start))
        entries = list(self._entries.values())
        return Reply(200, write_feed(entries[start : start + most], total=len(entries), start=start))


class _Handler(BaseHTTPRequestHandler):
    server: ReplayServer

    def do_GET(self) -> None:
        came_at = time.monotonic()
        with self.server.lock:
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        reply = self.server.choose_reply(query)
        self.server.stopping.wait(reply.wait_s)
        with self.server.lock:
            self.server.at_once -= 1
            self.server.seen.append(Seen(came_at, time.monotonic(), query, dict(self.headers)))
        if not reply.drop:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.missing))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Keep the test run's output readable."""


def write_feed(entries: list[str], *, total: int, start: int = 0) -> bytes:
    """Return a feed in arXiv's form around these entries."""
    numbers = {"itemsPerPage": max(len(entries), 1), "totalResults": total, "startIndex": start}
    lines = [f"  <opensearch:{name}>{value}</opensearch:{name}>\n" for name, value in numbers.items()]
    return "".join([HEAD, "  <id>https://arxiv.org/api/replay</id>\n", *lines, *entries, "\n</feed>\n"]).encode()


def write_entry(short_id: str, title: str, published: str = "2020-01-02T03:04:05Z", more: str = "") -> str:
    """Return an entry made up for a test; ``more`` is XML that goes into it."""
    return (
        f"<entry><id>http://arxiv.org/abs/{short_id}</id><title>{title}</title><updated>{published}</updated>"
        f"<published>{published}</published><summary>Made up.</summary>{more}"
        "<author><name>Nobody in Particular</name></author></entry>"
    )


def refuse(why: str) -> bytes:
    """Return the feed that goes with arXiv's status 400."""
    address = f"https://arxiv.org/api/errors#{why.replace(' ', '_')}"
    entry = f"<entry><id>{address}</id><title>Error</title><summary>{why}</summary></entry>"
    return write_feed([entry], total=1)


def _match(query: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what tells one request from another: in a look-up neither version nor page size matter."""
    if query.get("id_list"):
        names = ",".join(re.sub(r"v\d+$", "", one) for one in query["id_list"].split(","))
        return (("id_list", names), ("start", query["start"]))
    return tuple(sorted(query.items()))
