"""The trainer's room: how edits for learning and for judging are made, and how the judging is done.

It may use the model and never the product, so that what is judged here is what the product ships, seen from outside.
"""
