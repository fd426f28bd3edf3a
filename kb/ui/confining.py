"""How a user's own code is held, in words."""

from kb.library import Library

_WAYS = {
    "bubblewrap": "runs in a sandbox of its own (bubblewrap): no network, none of your files",
    "in-process": "runs in a process that has locked itself in: no network, and it cannot write to your files",
}


def tell_confinement(library: Library) -> str:
    """Return what holds a user's code on this machine and what it may use."""
    held = library.confinement()
    if held.way not in _WAYS:
        why = " ".join(held.reasons)
        return f"This machine cannot confine code, so code of your own is not run; shipped code is. {why}".strip()
    limits = library.settings
    most = f"at most {limits.run_wall_s:g} s and {limits.run_memory_mb:,} MiB of memory"
    told = f"What you write {_WAYS[held.way]}, {most}."
    return f"{told} Beware: {held.caution}." if held.caution else told
