"""Layer arguments in Keras and PyTorch and their equivalents here; see `advice`."""

from nn_core.foreign.advice import (
    Advice,
    AdviceOnPositions,
    activation,
    filters_and_size,
    initializer,
    keep_prob,
    list_of_layers,
    named_activation,
    no_inputs,
    num_layers,
    outputs_only,
    return_sequences,
)
from nn_core.foreign.table import each

_SHAPE = "pass it to the network: Network([{call}], input_shape={value})"
_FOLLOWS = "the number of inputs is inferred: {call}"
_CPU = "omit it, everything runs on the CPU: {call}"

LAYER_ARGUMENTS: dict[str, dict[str, Advice]] = {
    "Layer": each(
        {
            "activation nonlinearity": activation,
            "input_shape": _SHAPE,
            "input_dim": lambda line, value: f"pass it to the network: Network([{line}], input_shape=({value},))",
            "batch_input_shape": "pass the shape of one example to the network: Network([{call}], input_shape=(4,))",
            "in_features in_channels input_size num_features normalized_shape n_inputs in_dim": _FOLLOWS,
            "name": "omit it, layers are named by position, as in network.params['0/W']: {call}",
            "dtype": "pass dtype to the network: Network([{call}], input_shape=(4,), dtype='float64')",
            "device": _CPU,
            "seed rng random_state": "pass the seed to the network: Network([{call}], input_shape=(4,), seed=0)",
            "kernel_initializer weight_initializer weight_init init weights_init": initializer,
            "bias_initializer": "omit it, biases start at zero: {call}",
            "use_bias bias": "omit it, every {cls} has a bias: {call}",
            "kernel_regularizer weight_decay l2": "set L2 in Model: Model(network, loss, l2=0.001)",
            "bias_regularizer activity_regularizer kernel_constraint": "omit it: {call}",
            "weights": "set them in the network: network.params['0/W'][...] = {value}",
            "requires_grad": "=trainable",
            "inplace": "omit it, the engine works in place where it can: {call}",
            "axis dim": "omit it, features and channels are on the last axis: {call}",
            "data_format": "omit it, channels come last: {call}",
        }
    ),
    "Dense": each({"out_features output_dim n_units num_outputs size features neurons hidden_size": "=units"}),
    "Conv2D": each(
        {
            "out_channels channels": "=filters",
            "kernel size": "=kernel_size",
            "stride": "=strides",
            "pad": "=padding",
            "dilation_rate": "=dilation",
            "padding_mode": "omit it, padding uses zeros: {call}",
        }
    ),
    "Pooling": each({"kernel_size kernel size window": "=pool_size", "stride": "=strides", "pad": "=padding"}),
    "BatchNorm": each(
        {
            "eps": "=epsilon",
            "center scale affine track_running_stats": "omit it, there is always a scale and a shift: {call}",
        }
    ),
    "InstanceNorm": each({"eps": "=epsilon", "affine": "omit it, it has no parameters: {call}"}),
    "Dropout": each({"p prob probability drop_prob drop": "=rate", "keep_prob keep": keep_prob}),
    "LeakyReLU": each({"negative_slope alpha leak": "=slope"}),
    "Recurrent": each(
        {
            "hidden_size hidden_units hidden_dim output_dim num_units": "=units",
            "activation nonlinearity recurrent_activation": "omit it, {cls} uses tanh: {call}",
            "return_sequences": return_sequences,
            "return_state stateful": "Reference(network).predict(x) returns outputs and state; use {call}",
            "num_layers": num_layers,
            "batch_first": "omit it, the batch is the first axis: {call}",
            "dropout recurrent_dropout": "add dropout as a layer: {call}, Dropout({value})",
            "bidirectional go_backwards": "omit it, {cls} runs forward only: {call}",
            "unroll": "omit it: {call}",
        }
    ),
    "Embedding": each(
        {
            "num_embeddings input_dim vocab_size num_tokens": "=vocabulary_size",
            "embedding_dim output_dim dim embed_dim": "=dimensions",
            "embeddings_initializer": "=initializer",
            "mask_zero": "pass it to Network: Network([{call}, LSTM(8), LastStep()], input_shape=(None,), padding=0)",
            "padding_idx": (
                "pass it to Network: Network([{call}, LSTM(8), LastStep()], input_shape=(None,), padding={value})"
            ),
            "input_length": "pass the length to the network: Network([{call}], input_shape=({value},))",
        }
    ),
    "Parallel": each({"layers": "=branches", "mode op": "=merge"}),
    "Select": each({"indices index cols column": "=columns"}),
    "Reshape": each({"target_shape size": "=shape"}),
}

POSITIONS: dict[str, AdviceOnPositions] = {
    "Dense": outputs_only,
    "Recurrent": outputs_only,
    "Conv2D": filters_and_size,
    "BatchNorm": no_inputs,
    "InstanceNorm": no_inputs,
    "Chain": list_of_layers,
    "Residual": list_of_layers,
    "Parallel": list_of_layers,
    "Network": list_of_layers,
    "Activation": named_activation,
}
