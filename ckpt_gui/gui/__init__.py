"""The window: adapts what the core returns; computes nothing itself."""
