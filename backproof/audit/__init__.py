"""Answer keys audited: their equations, and the code that goes with them."""
