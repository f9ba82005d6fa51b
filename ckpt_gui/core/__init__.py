"""The library: a checkpoint's index, and pure functions of it. No Qt, no prints, no threads of its own."""
