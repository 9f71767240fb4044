"""`codewm-train report`: one HTML page of runs, probes and judgements that needs nothing but itself."""
