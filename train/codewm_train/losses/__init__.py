"""What training minimises: one small module for each term, composed in `objective`."""
