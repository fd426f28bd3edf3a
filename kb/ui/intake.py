"""How more comes in: papers by identifier, records of a file; and how far an import is."""

import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from kb.library import Library
from kb.records import ImportReport
from kb.ui.jobs import Desk, Job, get_desk
from kb.ui.links import escape, record_link
from kb.ui.marks import count_words
from kb.ui.state import asked

#: So many skipped records are named; the rest is counted.
_SKIPPED_SHOWN = 50


def show_intake(library: Library) -> None:
    """Draw the ways in, or how far the import under way is."""
    desk = get_desk(library.settings.db)
    if desk.is_busy:
        st.html("<h2>An import is under way</h2>")
        _watch(desk)
        return
    if desk.job is not None:
        _show_outcome(desk.job)
        st.button("Done", on_click=desk.dismiss)
    by_id, by_file = st.columns(2, gap="large")
    with by_id:
        _show_add(library, desk)
    with by_file:
        _show_import(library, desk)


def _show_add(library: Library, desk: Desk) -> None:
    st.html("<h2>Add by identifier</h2>")
    with st.form("add", border=False):
        text = st.text_area(
            "arXiv identifiers or addresses, one a line",
            value=asked("add"),
            placeholder="1706.03762\nhttps://arxiv.org/abs/2006.16236",
            height=120,
            help="Fetched from arXiv, which is asked no more than once in three seconds. This is the only thing here "
            "that needs the network.",
        )
        wanted = st.form_submit_button("Fetch from arXiv")
    ids = text.split()
    if wanted and not ids:
        st.warning("There is no identifier yet; write one a line, for example 1706.03762.")
    elif wanted and desk.begin(library, count_words(len(ids), "identifier"), partial(library.add, ids)):
        st.rerun()


def _show_import(library: Library, desk: Desk) -> None:
    st.html("<h2>Import a file</h2>")
    with st.form("import", border=False):
        upload = st.file_uploader(
            "Semantic Scholar records, an arXiv feed, or an article",
            key="upload",
            help="JSON, JSON lines or Atom; or a web page or the text of one, in English or Chinese: the "
            "papers that it mentions are found and linked. Compressed files are read as they are.",
        )
        path = st.text_input("or the path of a larger file on this machine", placeholder="papers.jsonl.gz")
        wanted = st.form_submit_button("Import")
    if not wanted:
        return
    if upload is None and not path.strip():
        st.warning("There is no file yet; choose one, or write the path of one.")
        return
    kept = _keep(upload.name, upload.getvalue()) if upload is not None else None
    file = kept or Path(path.strip()).expanduser()
    if desk.begin(library, file.name, lambda note: library.import_file(file, progress=note), kept=kept):
        st.rerun()


def _keep(name: str, content: bytes) -> Path:
    """Write an uploaded file to a folder of its own and return its path; the job removes both."""
    path = Path(tempfile.mkdtemp(prefix="stemma-")) / (Path(name).name or "upload")
    path.write_bytes(content)
    return path


@st.fragment(run_every=1.0)
def _watch(desk: Desk) -> None:
    """Draw how far the job is, once a second; when it ends, the whole page is drawn again."""
    job = desk.job
    if job is None or job.finished:
        st.rerun()
        return
    unit = "texts" if job.phase == "embedding" else "records"
    total = f" of {job.total:,}" if job.total else ""
    rate = f", {job.rate:,.0f} a second" if job.done else ""
    words = f"{escape(job.name)}: {job.phase}, {job.done:,}{total} {unit}{rate}"
    if job.total:
        st.progress(min(job.done / job.total, 1.0), text=words)
    else:
        st.html(f'<p class="num">{words}</p>')
    st.html('<p class="quiet">It goes on if you leave this page. What was taken stays if you stop it.</p>')
    st.button("Stop", on_click=job.wants_stop.set, disabled=job.wants_stop.is_set())


def _show_outcome(job: Job) -> None:
    """Draw what an import did, or why it could not."""
    if job.error:
        st.error(escape(job.error if job.name in job.error else f"{job.name}: {job.error}"))
    elif job.stopped:
        st.info(f"{escape(job.name)} was stopped; what was taken stays, and importing it again goes on from there.")
    if job.report is not None:
        st.html(_draw_report(job.report, job.embedded))


def _draw_report(report: ImportReport, embedded: int) -> str:
    if report.article:
        article = report.article.article
        missing = f", and {len(report.article.missing):,} that are not here" if report.article.missing else ""
        return (
            f"<h2>{record_link(article.key, article.title)}</h2><p>An article. It mentions "
            f"{count_words(len(report.article.papers), 'paper')} of this library{missing}.</p>"
        )
    facts = [
        ("Read", f"{count_words(report.read, 'record')} in {report.seconds:.1f} s"),
        (
            "Went on after",
            f"{count_words(report.resumed_at, 'record')} of an earlier run" if report.resumed_at else "",
        ),
        ("Papers", f"{report.added:,} added, {report.updated:,} updated, {report.unchanged:,} unchanged"),
        ("Citations", f"{report.linked:,} linked, {report.left_open:,} left open until the cited work is here"),
        ("Vectors", f"{embedded:,} made"),
        (
            "For review",
            f"{report.for_review:,}: their identifiers disagree with what is here" if report.for_review else "",
        ),
        ("Skipped", f"{len(report.skipped):,}" if report.skipped else ""),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts if value)
    skipped = "".join(f"<li>at {one.place:,}: {escape(one.reason)}</li>" for one in report.skipped[:_SKIPPED_SHOWN])
    more = len(report.skipped) - _SKIPPED_SHOWN
    rest = f"<li>and {more:,} more</li>" if more > 0 else ""
    return (
        f"<h2>{escape(report.file)}</h2><dl class='facts num'>{rows}</dl>"
        f'<ul class="rows tight quiet">{skipped}{rest}</ul>'
    )
