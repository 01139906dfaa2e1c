"""What simulated cameras are there? One process with a small RTSP server for all of them."""
