"""The opponent: this process as a good engineer writes it by hand with Django and REST framework; no history."""
