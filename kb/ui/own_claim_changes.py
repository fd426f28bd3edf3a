"""What can be done with a claim of one's own: take it along, change it, go back to a version, remove it."""

import streamlit as st

from kb.errors import KBError
from kb.library import Library
from kb.records import OwnClaim
from kb.ui.links import escape
from kb.ui.own_claim_form import write_claim
from kb.ui.side_by_side import build_side_by_side
from kb.ui.state import tell


def show_changes(library: Library, claim: OwnClaim) -> None:
    """Draw the ways to take a claim along, to change it and to remove it, and its earlier versions."""
    ways = st.container(horizontal=True)
    ways.download_button("Download", claim.code, f"{claim.name}.py", "text/x-python", key="download")
    with ways.popover("Remove"):
        st.html("<p>All its versions go. What ran of it, and its verdicts, stay recorded.</p>")
        if st.button("Remove it for good", key="remove"):
            library.remove_claim(claim)
            tell(id=None, whose="own")
            st.rerun()
    with st.expander("Change it"):
        code, card = write_claim(library, claim.code, key=f"change {claim.address} version {claim.version}")
        if st.button("Keep the change", type="primary", key="change", disabled=card is None or code == claim.code):
            _keep(library, claim, code)
    if versions := library.own_claim_versions(claim):
        st.html("<h2>Earlier versions</h2>")
    for version in versions:
        with st.expander(f"Version {version.version}, {version.saved_at:%-d %B %Y}"):
            names = f"Version {version.version}", f"Version {claim.version}, the present one"
            st.html(build_side_by_side(version.code, claim.code, names))
            if st.button("Go back to this version", key=f"back to {version.version}"):
                _keep(library, claim, version.code)


def _keep(library: Library, claim: OwnClaim, code: str) -> None:
    try:
        library.change_claim(claim, code)
    except KBError as error:
        st.warning(escape(str(error)))
        return
    st.rerun()
