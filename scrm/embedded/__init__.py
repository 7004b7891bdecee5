"""PostgreSQL and Valkey as child processes, for the demo and the tests; knows neither Django nor the product."""
