"""Arguments of networks, optimizers and training in other libraries and their equivalents here; see `advice`."""

from nn_core.foreign.advice import Advice, add_argument, betas, momentum, weight_decay
from nn_core.foreign.table import each

_CPU = "omit it, everything runs on the CPU: {call}"
_EARLY: Advice = add_argument("callbacks=[EarlyStopping(5)]")


def _fit(argument: str) -> str:
    return f"pass it to fit: {{call}}.fit(x, y, {argument}={{value}})"


def _model(argument: str) -> str:
    return f"pass it to Model: Model(network, loss, {argument}={{value}})"


def _recipe(argument: str) -> str:
    return f"pass it to Recipe: Recipe(loss, 'adam', {argument}={{value}})"


TRAINING_ARGUMENTS: dict[str, dict[str, Advice]] = {
    "Network": each(
        {
            "input_dim input_size n_features in_features n_inputs": "=input_shape",
            "batch_input_shape": "use input_shape, the shape of one example: Network(layers, input_shape=(4,))",
            "random_state random_seed": "=seed",
            "inputs": "pass a list of layers: Network([Dense(8), ReLU()], input_shape=(4,))",
            "outputs output_shape output_dim": "the output shape is inferred from the layers: {call}",
            "hidden_layer_sizes hidden_sizes hidden": "list the layers: Network([Dense(8), ReLU()], input_shape=(4,))",
            "optimizer": "pass it to Model: Model(network, loss, {value})",
            "loss criterion": "pass it to Model: Model(network, {value})",
            "metrics": _model("metrics"),
            "learning_rate lr": _model("learning_rate"),
            "name": "omit it: {call}",
            "device": _CPU,
            "activation": "add the activation as a layer: Network([Dense(8), ReLU()], input_shape=(4,))",
        }
    ),
    "Optimizer": each(
        {
            "lr eta step_size rate": "=learning_rate",
            "beta_1": "=beta1",
            "beta_2": "=beta2",
            "betas": betas,
            "eps": "=epsilon",
            "momentum": momentum,
            "nesterov": "use Nesterov(0.1, beta=0.9)",
            "weight_decay": weight_decay,
            "decay lr_decay": "pass a schedule to Model: Model(network, loss, {call}, schedule='inverse-time')",
            "clipnorm global_clipnorm max_norm": "pass it to Model: Model(network, loss, {call}, clip_norm={value})",
            "clipvalue": "pass it to Model: Model(network, loss, {call}, clip_value={value})",
            "params parameters": "omit it, the model has the weights: Model(network, loss, {call})",
            "amsgrad maximize foreach fused use_ema": "omit it: {call}",
            "name": "omit it: {call}",
        }
    ),
    "Momentum": each({"momentum": "=beta"}),
    "Nesterov": each({"momentum": "=beta"}),
    "RMSProp": each({"alpha decay beta": "=rho"}),
    "Recipe": each(
        {
            "lr": "=learning_rate",
            "criterion loss_fn loss_function": "=loss",
            "scheduler lr_scheduler": "=schedule",
            "weight_decay reg regularization alpha": "=l2",
            "clipnorm grad_clip max_grad_norm gradient_clip_val": "=clip_norm",
            "clipvalue": "=clip_value",
            "batch": "=batch_size",
            "metrics": "pass it to Trainer: Trainer(Engine(network), x, y, recipe, epochs=10, metrics={value})",
            "epochs": "pass it to Trainer: Trainer(Engine(network), x, y, recipe, epochs={value})",
            "seed": "pass it to Trainer: Trainer(Engine(network), x, y, recipe, epochs=10, seed={value})",
            "momentum": "use Recipe(loss, Momentum(0.1, beta={value}))",
        }
    ),
    "Model": each(
        {
            "inputs outputs": "pass a network: Model(Network([Dense(8)], input_shape=(4,)), loss)",
            "lr": "=learning_rate",
            "criterion loss_fn loss_function": "=loss",
            "scheduler lr_scheduler": "=schedule",
            "weight_decay reg regularization alpha": "=l2",
            "clipnorm grad_clip max_grad_norm": "=clip_norm",
            "clipvalue": "=clip_value",
            "n_jobs workers num_threads": "=threads",
            "batch_size": _fit("batch_size"),
            "epochs": _fit("epochs"),
            "max_iter n_epochs num_epochs": _fit("epochs"),
            "callbacks": _fit("callbacks"),
            "verbose": _fit("verbose"),
            "validation validation_split validation_data": _fit("validation"),
            "seed random_state": _fit("seed"),
            "class_weight": _fit("class_weight"),
            "input_shape": "pass it to Network: Network([Dense(8)], input_shape={value})",
            "device": _CPU,
            "name": "omit it: {call}",
        }
    ),
    "Model.fit": each(
        {
            "X inputs data": "=x",
            "Y labels targets target y_true": "=y",
            "validation_data val_data eval_set": add_argument("validation=(x_val, y_val)"),
            "validation_split validation_fraction val_split": add_argument("validation={value}"),
            "nb_epoch n_epochs num_epochs max_iter max_epochs": "=epochs",
            "bs batch": "=batch_size",
            "random_state": "=seed",
            "class_weights": "=class_weight",
            "sample_weights weights": "=sample_weight",
            "callback": "=callbacks",
            "shuffle": "omit it, examples are always shuffled: {call}",
            "early_stopping patience": _EARLY,
            "lr learning_rate": _model("learning_rate"),
            "optimizer": "pass it to Model: Model(network, loss, {value})",
            "loss": "pass it to Model: Model(network, {value})",
            "metrics": _model("metrics"),
            "steps_per_epoch initial_epoch workers validation_freq use_multiprocessing": "omit it: {call}",
        }
    ),
    "Model.predict": each({"batch_size verbose steps": "omit it, pass all of x at once: {call}", "X": "=x"}),
    "Model.probabilities": each({"batch_size verbose": "omit it, pass all of x at once: {call}", "X": "=x"}),
    "Model.evaluate": each(
        {
            "batch_size verbose steps": "omit it, pass all of x at once: {call}",
            "return_dict": "omit it, the result is always a dict: {call}",
            "sample_weights weights": "=sample_weight",
            "X": "=x",
            "y_true": "=y",
        }
    ),
    "Model.save": each({"filepath filename file": "=path", "overwrite save_format": "omit it: {call}"}),
    "Model.load": each({"filepath filename file": "=path", "custom_objects compile": "omit it: {call}"}),
    "Trainer": each(
        {
            "model network net": "=backend",
            "n_epochs num_epochs max_epochs nb_epoch": "=epochs",
            "validation_data val_data": "=validation",
            "random_state": "=seed",
            "sample_weight sample_weights": "=weights",
            "callback": "=callbacks",
            "batch_size bs": _recipe("batch_size"),
            "learning_rate lr": _recipe("learning_rate"),
            "schedule": _recipe("schedule"),
            "l2 weight_decay": _recipe("l2"),
            "optimizer": "pass it to Recipe: Recipe(loss, {value})",
            "loss criterion loss_fn": "pass it to Recipe: Recipe({value}, 'adam')",
            "validation_split": "Model can hold out a fraction: Model(network, loss).fit(x, y, validation={value})",
            "class_weight": "pass it to fit: Model(network, loss).fit(x, y, class_weight={value})",
            "verbose": "a trainer prints nothing; for progress use Model(network, loss).fit(x, y, verbose={value})",
            "shuffle": "omit it, examples are always shuffled: {call}",
            "early_stopping patience": _EARLY,
            "device": _CPU,
        }
    ),
    "EarlyStopping": each(
        {
            "restore_best_weights": "=restore_best",
            "n_iter_no_change": "=patience",
            "metric": "=monitor",
            "min_delta tol tolerance": "omit it, every improvement counts: {call}",
            "verbose baseline start_from_epoch": "omit it: {call}",
        }
    ),
    "RestoreBestWeights": each({"filepath save_best_only verbose save_weights_only": "omit it: {call}"}),
    "NetworkEstimator": each(
        {
            "hidden_layer_sizes hidden_sizes units": "=hidden",
            "max_iter n_epochs num_epochs": "=epochs",
            "alpha weight_decay": "=l2",
            "solver": "=optimizer",
            "learning_rate_init lr": "=learning_rate",
            "validation_fraction": "=validation",
            "n_iter_no_change patience": "=early_stopping",
            "n_jobs": "=threads",
            "seed rng": "=random_state",
            "tol shuffle momentum power_t max_fun": "omit it: {call}",
        }
    ),
    "Engine": each({"n_jobs num_threads workers n_threads": "=threads", "device": _CPU}),
}
