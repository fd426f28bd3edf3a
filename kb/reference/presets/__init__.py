"""The models of eight papers at their published sizes: their weights by name and shape, counted without memory.

One file an architecture. It lists the weights as a function of a frozen config, taken from the reference files where
these have them, so that a change there changes the count here; and the rows of the paper's table with what it prints.

architecture  what such a file says
parts         weights by name and shape, told apart by their purpose, and counted on torch's meta device
printed       figures as papers print them, set against counted ones
forward       what a token costs, by running a reference block on the meta device
listing       ``list_presets`` and ``find_presets``: every row as a record

Nothing here loads torch before it counts.
"""
