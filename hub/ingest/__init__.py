"""One message from a device: parsed, seen before?, whose?, kept, answered."""
