"""The built-in broker, and paho-mqtt at an external one, behind one Transport."""
