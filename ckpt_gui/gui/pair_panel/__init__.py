"""The pages of a pair of tensors, or of a group of pairs."""
