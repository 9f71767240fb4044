"""The network: the only place in this room that imports torch. The product runs its export and never comes here."""
