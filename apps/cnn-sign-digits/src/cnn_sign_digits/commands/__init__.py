"""The commands of cnn-sign, each in a file of its own."""
