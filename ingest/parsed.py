"""What reading from a source gives back: the records, and what could not be taken."""

from dataclasses import dataclass

from kb.records import PaperRecord, Skipped


@dataclass(frozen=True, slots=True)
class Parsed:
    """Records in the order asked or answered; every entry that is not among them is in ``skipped``."""

    records: tuple[PaperRecord, ...]
    skipped: tuple[Skipped, ...] = ()
