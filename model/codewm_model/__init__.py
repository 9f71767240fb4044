"""What a state, an edit and an action are: one definition for the index, the server and the trainer.

Importing this package never imports torch: the product runs without it, and only `codewm_model.nn`
(the network itself) needs it. What is here decides what the model sees, so every file that changes
a number or a token is covered by `codewm_model.version.REPRESENTATION`.
"""
