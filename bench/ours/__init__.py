"""What the comparison needs of the product itself: a process with records, loaded fast."""
