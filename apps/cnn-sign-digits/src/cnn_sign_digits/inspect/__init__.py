"""A look inside a network: shapes and costs of layers, filters, feature maps, Grad-CAM."""
