"""dino-gen: generate dinosaur names with a recurrent network."""
