"""Can the simulated cameras be read, by our reader and by others'?"""
