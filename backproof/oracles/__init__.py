"""Three ways to the right answer that share nothing: a closed form, finite differences, autograd."""
