"""The driver: starts everything, loads the same data, measures in alternation, writes down what it saw."""
