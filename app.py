"""The web front door: open the library, find the page, show it.

Run it with ``stemma app``, or ``streamlit run app.py``. The pages are in ``kb/ui``.
"""

import streamlit as st

from kb.ui.router import show

st.set_page_config(layout="wide")
show()
