"""Source systems → journal bundle → warehouse → obligation ledger."""
