"""Names and methods of Keras, PyTorch and scikit-learn, and what to write here instead.

NAMES       name in a module -> advice
ATTRIBUTES  class, or base class -> attribute -> advice
"""

NAMES: dict[str, str] = {
    "Sequential": "write Network([Dense(8), ReLU(), Dense(1)], input_shape=(4,))",
    "Linear": "write Dense(8): the number of inputs follows from the layer before",
    "SGD": "write GradientDescent(0.1), or Momentum(0.1, beta=0.9)",
}

_FIT = "train with Model(network, loss).fit(x, y), loss='softmax-cross-entropy'"

ATTRIBUTES: dict[str, dict[str, str]] = {"Network": {"fit": _FIT}}
