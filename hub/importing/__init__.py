"""The centre's file: what stands in it, what is wrong with it, and how it gets into the rows of their owners."""
