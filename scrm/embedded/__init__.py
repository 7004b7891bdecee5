"""PostgreSQL and Valkey as child processes, for the demo and the tests. Knows neither Django nor the rest of the product."""
