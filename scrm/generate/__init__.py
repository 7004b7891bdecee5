"""A brand of any size out of nothing, set by set: for benches, trials and tests."""
