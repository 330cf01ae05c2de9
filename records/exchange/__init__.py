"""Records out of files: what a file holds, what its columns mean, and the job that brings its rows in."""
