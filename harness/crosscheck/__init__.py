"""Two meters at one load: what one says of the other, as pure functions of their samples, and the load itself."""
