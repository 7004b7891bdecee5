"""`make demo`: the whole product and a sandbox WeCom on one machine, started and stopped in order."""
