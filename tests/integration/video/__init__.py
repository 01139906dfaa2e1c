"""Whether a picture is shown while it may be, and ends when it may not: real cameras, media process and viewers."""
