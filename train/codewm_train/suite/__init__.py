"""The papers' claims as an experiment suite: `plan` has the runs, `claims` what they are asked, `reproduce` does it."""
