"""Network inspection: shapes and costs of layers, filters, feature maps, Grad-CAM."""
