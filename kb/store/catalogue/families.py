"""Which family a record belongs to: the one that its file is called by."""

from kb.records import FAMILIES
from kb.store.catalogue.entries import Entry


def family_of(entry: Entry) -> str:
    family = entry.file.stem
    if family not in FAMILIES:
        raise entry.fail(f"the file's name must be a family: {', '.join(FAMILIES)}")
    return family
