"""The files that come with the program are what they claim to be."""
