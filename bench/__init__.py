"""How fast, beside what: `make bench` measures and rewrites the table in bench/README.md."""
