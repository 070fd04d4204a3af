"""Documents on paper: one pure model, drawn as PDF, DOCX and XLSX."""
