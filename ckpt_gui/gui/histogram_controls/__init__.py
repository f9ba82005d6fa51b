"""The choices above any histogram: ``controls`` the row of them · ``options`` what is chosen, as it is remembered."""
