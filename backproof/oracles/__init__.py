"""Three ways to the right answer that share nothing: closed form, differences, autograd."""
