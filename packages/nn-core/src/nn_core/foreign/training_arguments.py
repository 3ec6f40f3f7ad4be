"""Arguments that networks, optimizers and training have elsewhere, and what to write here; see `advice`."""

from nn_core.foreign.advice import Advice, also, betas, each, momentum, weight_decay

_CPU = "leave it out, everything runs on the CPU: {call}"
_EARLY: Advice = also("callbacks=[EarlyStopping(5)]")


def _fit(argument: str) -> str:
    return f"it belongs to fit: {{call}}.fit(x, y, {argument}={{value}})"


def _model(argument: str) -> str:
    return f"it belongs to the model: Model(network, loss, {argument}={{value}})"


def _recipe(argument: str) -> str:
    return f"it belongs to the recipe: Recipe(loss, 'adam', {argument}={{value}})"


TRAINING_ARGUMENTS: dict[str, dict[str, Advice]] = {
    "Network": each(
        {
            "input_dim input_size n_features in_features n_inputs": "=input_shape",
            "batch_input_shape": "write input_shape, of one example: Network(layers, input_shape=(4,))",
            "random_state random_seed": "=seed",
            "inputs": "the layers are a list: Network([Dense(8), ReLU()], input_shape=(4,))",
            "outputs output_shape output_dim": "the shape of the output follows from the layers: {call}",
            "hidden_layer_sizes hidden_sizes hidden": "write the layers: Network([Dense(8), ReLU()], input_shape=(4,))",
            "optimizer": "the model takes it: Model(network, loss, {value})",
            "loss criterion": "the model takes it: Model(network, {value})",
            "metrics": _model("metrics"),
            "learning_rate lr": _model("learning_rate"),
            "name": "leave it out: {call}",
            "device": _CPU,
            "activation": "an activation is a layer: Network([Dense(8), ReLU()], input_shape=(4,))",
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
            "nesterov": "write Nesterov(0.1, beta=0.9)",
            "weight_decay": weight_decay,
            "decay lr_decay": "the model takes a schedule: Model(network, loss, {call}, schedule='inverse-time')",
            "clipnorm global_clipnorm max_norm": "the model clips: Model(network, loss, {call}, clip_norm={value})",
            "clipvalue": "the model clips: Model(network, loss, {call}, clip_value={value})",
            "params parameters": "leave it out, the model has the weights: Model(network, loss, {call})",
            "amsgrad maximize foreach fused use_ema": "leave it out: {call}",
            "name": "leave it out: {call}",
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
            "metrics": "the trainer takes them: Trainer(Engine(network), x, y, recipe, epochs=10, metrics={value})",
            "epochs": "the trainer takes them: Trainer(Engine(network), x, y, recipe, epochs={value})",
            "seed": "the trainer takes it: Trainer(Engine(network), x, y, recipe, epochs=10, seed={value})",
            "momentum": "write Recipe(loss, Momentum(0.1, beta={value}))",
        }
    ),
    "Model": each(
        {
            "inputs outputs": "a model takes a network: Model(Network([Dense(8)], input_shape=(4,)), loss)",
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
            "input_shape": "the network takes it: Network([Dense(8)], input_shape={value})",
            "device": _CPU,
            "name": "leave it out: {call}",
        }
    ),
    "Model.fit": each(
        {
            "X inputs data": "=x",
            "Y labels targets target y_true": "=y",
            "validation_data val_data eval_set": also("validation=(x_val, y_val)"),
            "validation_split validation_fraction val_split": also("validation={value}"),
            "nb_epoch n_epochs num_epochs max_iter max_epochs": "=epochs",
            "bs batch": "=batch_size",
            "random_state": "=seed",
            "class_weights": "=class_weight",
            "sample_weights weights": "=sample_weight",
            "callback": "=callbacks",
            "shuffle": "leave it out, the examples are shuffled by the seed: {call}",
            "early_stopping patience": _EARLY,
            "lr learning_rate": _model("learning_rate"),
            "optimizer": "the model takes it: Model(network, loss, {value})",
            "loss": "the model takes it: Model(network, {value})",
            "metrics": _model("metrics"),
            "steps_per_epoch initial_epoch workers validation_freq use_multiprocessing": "leave it out: {call}",
        }
    ),
    "Model.predict": each({"batch_size verbose steps": "leave it out, all of x at once is fine: {call}", "X": "=x"}),
    "Model.probabilities": each({"batch_size verbose": "leave it out, all of x at once is fine: {call}", "X": "=x"}),
    "Model.evaluate": each(
        {
            "batch_size verbose steps": "leave it out, all of x at once is fine: {call}",
            "return_dict": "leave it out, it is a dict: {call}",
            "sample_weights weights": "=sample_weight",
            "X": "=x",
            "y_true": "=y",
        }
    ),
    "Model.save": each({"filepath filename file": "=path", "overwrite save_format": "leave it out: {call}"}),
    "Model.load": each({"filepath filename file": "=path", "custom_objects compile": "leave it out: {call}"}),
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
            "optimizer": "it belongs to the recipe: Recipe(loss, {value})",
            "loss criterion loss_fn": "it belongs to the recipe: Recipe({value}, 'adam')",
            "validation_split": "the model divides: Model(network, loss).fit(x, y, validation={value})",
            "class_weight": "the model takes them: Model(network, loss).fit(x, y, class_weight={value})",
            "verbose": "leave it out, a trainer prints nothing; Model(network, loss).fit(x, y, verbose={value}) may",
            "shuffle": "leave it out, the examples are shuffled by the seed: {call}",
            "early_stopping patience": _EARLY,
            "device": _CPU,
        }
    ),
    "EarlyStopping": each(
        {
            "restore_best_weights": "=restore_best",
            "n_iter_no_change": "=patience",
            "metric": "=monitor",
            "min_delta tol tolerance": "leave it out, every improvement counts: {call}",
            "verbose baseline start_from_epoch": "leave it out: {call}",
        }
    ),
    "RestoreBestWeights": each({"filepath save_best_only verbose save_weights_only": "leave it out: {call}"}),
    "Engine": each({"n_jobs num_threads workers n_threads": "=threads", "device": _CPU}),
}
