"""The dashboard, the live stream and the rules every HTTP answer follows."""
