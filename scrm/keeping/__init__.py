"""What is kept how long, and the nightly purge of what is older."""
