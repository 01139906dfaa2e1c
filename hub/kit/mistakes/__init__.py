"""What is wrong in what a person wrote (a rule file, a centre's file, a setting), where, and what to write instead."""
