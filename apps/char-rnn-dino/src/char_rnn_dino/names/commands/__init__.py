"""The commands of dino-gen, one file each."""
