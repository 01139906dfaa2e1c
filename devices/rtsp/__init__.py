"""How is a camera reached by FFmpeg, which connects wherever a camera tells it to? Through a relay that does not."""
