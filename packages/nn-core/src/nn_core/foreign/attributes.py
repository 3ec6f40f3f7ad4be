"""Methods and attributes of Keras, PyTorch and scikit-learn, by our class, and what to write here instead."""

from nn_core.foreign.advice import each

_TRAIN = "train with Model(network, loss).fit(x, y)"
_WEIGHTS = "the weights are arrays by name: network.params['0/W']"
_LEAVE_OUT = "leave it out: prediction and training need no switch"
_CPU = "leave it out: everything runs on the CPU, in threads"
_COPY = "write network.vector.copy(), and network.vector[...] = vector to put it back"
_ADD = "the layers are given at once: Network([Dense(8), ReLU()], input_shape=(4,))"
_SUMMARY = "print(nn_core.summarize(network))"

ATTRIBUTES: dict[str, dict[str, str]] = {
    "Network": each(
        {
            "fit train_on_batch partial_fit": _TRAIN,
            "train": "leave it out, there is no training mode; Model(network, loss).fit(x, y) trains",
            "compile": "write Model(network, loss, 'adam')",
            "predict": "write Model(network, loss).predict(x), or network(x) for the outputs",
            "predict_proba predict_classes": "write Model(network, loss).probabilities(x)",
            "evaluate score": "write Model(network, loss).evaluate(x, y)",
            "forward call output": "write network(x)",
            "backward grad gradients": "write Reference(network).loss_and_gradients(x, y, SoftmaxCrossEntropy())",
            "step zero_grad optimizer": _TRAIN,
            "save save_weights": "write nn_core.checkpoint.save('network.h5', network)",
            "load load_weights": "write nn_core.checkpoint.load('network.h5').network",
            "summary info": f"write {_SUMMARY}",
            "parameters named_parameters weights_by_name get_parameter trainable_variables trainable_weights": _WEIGHTS,
            "variables": _WEIGHTS,
            "state_dict get_weights set_weights load_state_dict copy clone": _COPY,
            "add append add_module extend pop": _ADD,
            "eval requires_grad_": _LEAVE_OUT,
            "to cuda cpu": _CPU,
            "half float double": "write Network([Dense(8)], input_shape=(4,), dtype=np.float64)",
            "get_layer modules children layer": "write network[0], or network.layers",
            "coef_": "write network.params['0/W']",
            "intercept_": "write network.params['0/b']",
            "num_params n_params count_parameters numel": "write network.count_params()",
            "input": "write network.input_shape",
            "loss history metrics": "the model has it: Model(network, loss)",
        }
    ),
    "Model": each(
        {
            "compile": "leave it out: Model(network, loss, 'adam') is ready for model.fit(x, y)",
            "train": "write model.fit(x, y)",
            "train_on_batch partial_fit fit_generator": "write model.fit(x, y, epochs=1), which continues",
            "predict_proba predict_on_batch": "write model.probabilities(x)",
            "predict_classes": "write model.predict(x)",
            "predict_log_proba decision_function forward call": "write model.logits(x)",
            "score test": "write model.evaluate(x, y)['accuracy']",
            "summary info": "write print(nn_core.summarize(model.network))",
            "add append": _ADD,
            "layers": "write model.network.layers",
            "weights parameters named_parameters trainable_variables trainable_weights": "write model.network.params",
            "state_dict get_weights": "write model.network.vector.copy()",
            "load_state_dict set_weights": "write model.network.vector[...] = vector",
            "save_weights": "write model.save('model.h5')",
            "load_weights": "write Model.load('model.h5')",
            "eval requires_grad_": _LEAVE_OUT,
            "to cuda cpu": _CPU,
            "backward step zero_grad": "leave it out: model.fit(x, y) does it",
            "count_params": "write model.network.count_params()",
            "input_shape output_shape": "write model.network.input_shape",
            "history_ loss_curve_": "write model.history['loss']",
            "plot": "write model.history.plot()",
            "classes_": "classes are numbers from 0; for others, from nn_core.sklearn import NetworkClassifier",
            "get_params set_params": "write from nn_core.sklearn import NetworkClassifier",
            "export to_onnx": "write from nn_core.exchange import onnx",
        }
    ),
    "Trainer": each(
        {
            "fit train": "write trainer.run()",
            "train_step": "write Trainer(Engine(network), x, y, recipe, epochs=1).run()",
            "test validate score": "write Model(network, loss).evaluate(x, y)",
            "predict": "write Engine(network).predict(x)[0]",
            "history": "write trainer.state.history",
            "model": "write trainer.network",
            "save": "write nn_core.checkpoint.save('run.h5', trainer.network, snapshot=trainer.state.snapshot())",
            "stop_training stop should_stop": "write trainer.state.stop('reason')",
        }
    ),
    "Layer": each(
        {
            "weights weight kernel W b bias params get_weights set_weights state_dict": (
                "a layer has no arrays; the network has them: network.params['0/W'], network[0].params"
            ),
            "build": "leave it out: the network draws the weights",
            "call output": "write network[0](x)",
            "train eval": _LEAVE_OUT,
            "to cuda cpu": _CPU,
            "requires_grad requires_grad_ freeze": "write Dense(8, trainable=False), or network.freeze('0')",
            "out_features output_dim": "write layer.units",
            "in_features input_shape": "it follows from the layer before: network.shapes[0]",
            "count_params": "write Network([Dense(8)], input_shape=(4,)).count_params()",
        }
    ),
    "Optimizer": each(
        {
            "step zero_grad minimize apply_gradients": "Model(network, loss, Adam(0.001)).fit(x, y) does it",
            "lr": "write optimizer.learning_rate",
            "state_dict param_groups get_config": "it holds settings only, such as optimizer.learning_rate",
        }
    ),
    "Loss": each({"backward item": "write value, gradient = loss(logits, y)[:2]"}),
    "History": each(
        {
            "history": "write history['loss']; history.columns has all",
            "loss": "write history['loss']",
            "val_loss": "write history['validation_loss']",
            "accuracy acc": "write history['accuracy']",
            "val_accuracy val_acc": "write history['validation_accuracy']",
            "values items": "write history.columns",
            "to_dict": "write dict(history.columns)",
        }
    ),
    "Checkpoint": each({"predict model state_dict": "write nn_core.checkpoint.load('network.h5').network(x)"}),
    "Engine": each({"fit train run": _TRAIN, "close": "write with Engine(network) as engine: ..."}),
    "Reference": each({"fit train run": _TRAIN}),
}
