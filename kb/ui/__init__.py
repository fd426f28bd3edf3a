"""The web front door: one file a page. It draws records and computes nothing.

Each page is a module with ``show(library)``. The address holds what a page shows (``st.query_params``), so that every
view can be shared and a reader goes back and forward as anywhere. A KBError becomes one calm line with what to do
next. Streamlit is imported here and in ``app.py`` only.
"""
