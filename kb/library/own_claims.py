"""Claims that a user writes: the part of ``Library`` that keeps them, runs them confined, and reaches verdicts."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from kb.claims.own.judging import judge_run
from kb.claims.own.program import build_claim_program
from kb.claims.own.template import build_claim_template
from kb.errors import KBError, NotFoundError
from kb.library import running
from kb.library.bench import Bench
from kb.library.opening import Progress
from kb.library.own_reading import find_own, list_own, read_card, read_imported, read_kept
from kb.library.snippet_files import clean_code, decode_code, read_set
from kb.records import OWN_CLAIM, ClaimCard, OwnClaim, OwnOutcome, RunResult, SnippetVersion, Ticket, Verdict
from kb.store import Session, own_claims, runs, snippets, verdicts

_WORKED = ("delta-rule", "gated-delta-rule")
"""What a claim to begin with compares where no ideas are named: it comes out verified."""


class OwnClaims(Bench):
    """Methods of ``Library``; it is never made by itself."""

    def claim_template(self, name: str = "", between: Sequence[str] = ()) -> str:
        """Return a file to begin with, which runs as it stands, for two ideas or variants of one form.

        Raises
        ------
        NotFoundError     : there is no idea of such a name, or it has no code
        InvalidQueryError : the two have no form in common, or are one
        """
        older, newer = (self.idea(one) for one in (tuple(between) or _WORKED))
        families = {one.slug: one.family for one in self.concepts()}
        lane = next((families[idea.slug] for idea in (newer, older) if idea.slug in families), "fast-weights")
        return build_claim_template(older, newer, name=name, family=lane)

    def read_claim(self, code: str, name: str = "the file") -> ClaimCard:
        """Return what a claim that is not kept says of itself, without running it; its id is ``file:<name>``.

        Raises
        ------
        InvalidQueryError : it is no claim; one line says what to write
        """
        text = clean_code(code, name)
        with self._store.read() as session:
            return self._check(read_card(session, text, f"file:{name}"))

    def own_claims(self) -> list[OwnClaim]:
        """Return the claims that the user wrote, oldest first; also those that can no longer be read."""
        return list_own(self._store)

    def own_claim(self, name: str) -> OwnClaim:
        """Return a claim of the user's by address (``own:3``), number or the id that its file gives it.

        Raises
        ------
        NotFoundError : there is none
        """
        found = find_own(self.own_claims(), name)
        if found is None:
            raise NotFoundError(f"no claim of your own is called {name!r}; 'stemma claim list' lists them")
        return found

    def own_claim_versions(self, claim: OwnClaim) -> list[SnippetVersion]:
        """Return what a claim was before it was changed, newest first."""
        with self._store.read() as session:
            return snippets.list_versions(session, claim.id)

    def add_claim(self, code: str, name: str = "the file") -> OwnClaim:
        """Keep a claim. One whose id is here already becomes a new version of that, the same code nothing new.

        Raises
        ------
        InvalidQueryError : it is no claim, or what ships has this id
        """
        called = self.read_claim(code, name).name
        present = next((one for one in self.own_claims() if one.name == called), None)
        if present is not None:
            return self.change_claim(present, code)
        with self._store.write() as session:
            return read_kept(session, own_claims.save_claim(session, called, clean_code(code, name)))

    def change_claim(self, claim: OwnClaim, code: str) -> OwnClaim:
        """Give a claim another text; what it was before stays among its versions.

        Raises
        ------
        InvalidQueryError : the text is no claim, or another has its id
        """
        card = self.read_claim(code, claim.address)
        with self._store.write() as session:
            kept = own_claims.get_claim(session, claim.id)
            changed = replace(kept, name=card.name, code=clean_code(code, claim.address))
            return read_kept(session, snippets.change_snippet(session, changed))

    def remove_claim(self, claim: OwnClaim) -> None:
        """Take a claim out with its versions; its runs and verdicts stay recorded, its number is not given again."""
        with self._store.write() as session:
            snippets.delete_snippet(session, own_claims.get_claim(session, claim.id).id)

    def export_claims(self, claims: Iterable[OwnClaim]) -> dict[str, str]:
        """Return the files of claims by name: each says all of itself."""
        return {f"{one.name}.py": one.code for one in claims}

    def add_claim_set(self, path: Path | IO[bytes]) -> tuple[list[OwnClaim], list[tuple[str, str]]]:
        """Keep the claims of a folder or a zip; return them, and the files that were refused with their reasons."""
        kept, refused = [], []
        for file, content in read_set(path):
            try:
                kept.append(self.add_claim(decode_code(content, file), file))
            except KBError as error:
                refused.append((file, str(error)))
        return kept, refused

    # Execution

    def begin_claim(self, claim: OwnClaim, *, seed: int = 0, owner: str = "") -> Ticket:
        """Execute a claim, confined, when it is its turn, and record the run and the verdict.

        Raises
        ------
        InvalidQueryError : it can no longer be read
        """
        with self._store.read() as session:
            card = read_card(session, claim.code, claim.address)

        def keep(session: Session, result: RunResult) -> None:
            verdict = judge_run(card, result, seed=seed).verdict
            if verdict.verdict != "not_run":
                verdicts.save_verdict(session, verdict)

        return self.begin(replace(self._plan_claim(card, claim.code, seed), keep=keep), owner=owner)

    def begin_claim_code(self, code: str, *, name: str = "the file", seed: int = 0, owner: str = "") -> Ticket:
        """Execute a claim that is not kept; the run is recorded under its name, a verdict is not.

        Raises
        ------
        InvalidQueryError : it is no claim
        """
        card = self.read_claim(code, name)
        return self.begin(self._plan_claim(card, clean_code(code, name), seed), owner=owner)

    def judge_claim(self, card: ClaimCard, result: RunResult, *, seed: int = 0) -> OwnOutcome:
        """Return what a run of a claim found: the verdict follows from its figures and the bound."""
        return judge_run(card, result, seed=seed)

    def last_outcome(self, claim: OwnClaim) -> OwnOutcome | None:
        """Return what the newest run of a claim's present code found; None where there is none."""
        for note in self.runs(claim.address, count=1):
            if claim.card and note.code_hash == runs.hash_code(claim.code):
                return judge_run(claim.card, self.recorded_run(note.key).result, seed=note.seed)
        return None

    def verify_own(self, ids: Sequence[str], *, seed: int = 0, progress: Progress | None = None) -> list[OwnOutcome]:
        """Execute claims of the user's one after the other, confined, and record the verdicts."""
        outcomes = []
        for done, one in enumerate(ids):
            claim = self.own_claim(one)
            if progress:
                progress(f"executing {claim.address}", done, len(ids))
            result = running.finish(self.begin_claim(claim, seed=seed))
            assert claim.card is not None  # begin_claim would have refused it
            outcomes.append(judge_run(claim.card, result, seed=seed))
        return outcomes

    def own_variants(self, ids: Sequence[str], *, seed: int = 0) -> dict[str, list[tuple[str, Verdict]]]:
        """Return what became of the wrong variants of claims of the user's, executing those that have not run."""
        found = {}
        for one in ids:
            claim = self.own_claim(one)
            outcome = self.last_outcome(claim)
            if outcome is None or outcome.verdict.seed != seed:
                (outcome,) = self.verify_own([one], seed=seed)
            found[claim.address] = list(outcome.variants)
        return found

    def _plan_claim(self, card: ClaimCard, code: str, seed: int) -> running.Task:
        with self._store.read() as session:
            program = build_claim_program(card, code, read_imported(session, code), seed=seed)
        limits = running.limits_of(self.settings)
        if card.cost == "long":
            limits = replace(limits, wall_s=self.settings.train_wall_s, cpu_s=self.settings.train_cpu_s)
        return running.Task(card.id, program, code, seed=seed, limits=limits)

    def _check(self, card: ClaimCard) -> ClaimCard:
        """Return the card, or refuse one that takes the id of what ships or speaks of no idea that is here."""
        from kb.claims.own.fields import refuse
        from kb.claims.registry import list_claims

        if any(one.id == card.name for one in list_claims()):
            raise refuse(f"what ships has the id {card.name!r}; choose another")
        known = {one.slug for one in self.concepts()}
        for slug in card.between:
            if slug not in known:
                hint = ""
                with suppress(KBError):
                    hint = f"; did you mean {self.resolve(slug).partition(':')[2]!r}?"
                raise refuse(f"between names {slug!r}, and no idea is called so{hint}")
        return card


def is_own(name: str) -> bool:
    """Tell whether a claim's name is the address of one of the user's."""
    return name.strip().casefold().removeprefix("claim:").startswith(OWN_CLAIM)
