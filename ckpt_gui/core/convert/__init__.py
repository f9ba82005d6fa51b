"""A conversion: planned from the index, written beside its target, proven, then put in place."""
