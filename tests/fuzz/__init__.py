"""Fuzzing: nothing that can be sent or written makes a reader fail otherwise than it declares."""
