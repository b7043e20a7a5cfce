"""The implementations under examination, however they are reached."""
