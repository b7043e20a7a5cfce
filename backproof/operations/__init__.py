"""Each operation joins its derivation, its implementation and its torch reference."""
