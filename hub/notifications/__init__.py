"""One message to one responder, on the way until it is taken or dead."""
