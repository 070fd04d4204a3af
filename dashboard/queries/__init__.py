"""Every question the pages ask the database, behind one door; frames out, no Streamlit, no pandas."""
