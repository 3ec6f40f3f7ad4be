"""Methods and attributes of Keras, PyTorch and scikit-learn, by our class, and their equivalents here."""

from nn_core.foreign.table import each

_TRAIN = "train with Model(network, loss).fit(x, y)"
_WEIGHTS = "the weights are arrays, by name: network.params['0/W']"
_LEAVE_OUT = "omit it: there is no training mode to switch"
_CPU = "omit it: everything runs on the CPU"
_COPY = "use network.vector.copy(), and network.vector[...] = vector to restore it"
_ADD = "pass all layers at once: Network([Dense(8), ReLU()], input_shape=(4,))"
_SUMMARY = "print(nn_core.summarize(network))"

ATTRIBUTES: dict[str, dict[str, str]] = {
    "Network": each(
        {
            "fit train_on_batch partial_fit": _TRAIN,
            "train": "there is no training mode to switch; to train, use Model(network, loss).fit(x, y)",
            "compile": "use Model(network, loss, 'adam')",
            "predict": "use Model(network, loss).predict(x), or network(x) for the outputs",
            "predict_proba predict_classes": "use Model(network, loss).probabilities(x)",
            "evaluate score": "use Model(network, loss).evaluate(x, y)",
            "forward call output": "use network(x)",
            "backward grad gradients": "use Reference(network).loss_and_gradients(x, y, SoftmaxCrossEntropy())",
            "step zero_grad optimizer": _TRAIN,
            "save save_weights": "use nn_core.checkpoint.save('network.h5', network)",
            "load load_weights": "use nn_core.checkpoint.load('network.h5').network",
            "summary info": f"use {_SUMMARY}",
            "parameters named_parameters weights_by_name get_parameter trainable_variables trainable_weights": _WEIGHTS,
            "variables": _WEIGHTS,
            "state_dict get_weights set_weights load_state_dict copy clone": _COPY,
            "add append add_module extend pop": _ADD,
            "eval": _LEAVE_OUT,
            "trainable requires_grad_ requires_grad": "use network = network.freeze('0', '2'), a frozen copy",
            "num_parameters trainable_parameters n_parameters": "use network.count_params()",
            "reset_parameters reset build": "use network.initialize(np.random.default_rng(0))",
            "to cuda cpu": _CPU,
            "half float double": "use Network([Dense(8)], input_shape=(4,), dtype=np.float64)",
            "get_layer modules children layer": "use network[0], or network.layers",
            "coef_": "use network.params['0/W']",
            "intercept_": "use network.params['0/b']",
            "num_params n_params count_parameters numel": "use network.count_params()",
            "input": "use network.input_shape",
            "loss history metrics": "it belongs to the model: Model(network, loss)",
        }
    ),
    "Model": each(
        {
            "compile": "omit it: Model(network, loss, 'adam') is ready for model.fit(x, y)",
            "train": "use model.fit(x, y)",
            "train_on_batch partial_fit fit_generator": "use model.fit(x, y, epochs=1), which continues training",
            "predict_proba predict_on_batch": "use model.probabilities(x)",
            "predict_classes": "use model.predict(x)",
            "predict_log_proba decision_function forward call": "use model.logits(x)",
            "score test": "use model.evaluate(x, y)['accuracy']",
            "summary info": "use print(nn_core.summarize(model.network))",
            "add append": _ADD,
            "layers": "use model.network.layers",
            "weights parameters named_parameters trainable_variables trainable_weights": "use model.network.params",
            "state_dict get_weights": "use model.network.vector.copy()",
            "load_state_dict set_weights": "use model.network.vector[...] = vector",
            "save_weights": "use model.save('model.h5')",
            "load_weights": "use Model.load('model.h5')",
            "eval": _LEAVE_OUT,
            "trainable requires_grad_ freeze": "use Model(model.network.freeze('0'), loss)",
            "get_layer layer": "use model.network[0]",
            "clone copy": "use copy.deepcopy(model)",
            "reset": "use Model(Network([Dense(8)], input_shape=(4,)), loss), which starts anew",
            "fit_one_cycle": "use Model(network, loss, schedule='cosine:warmup=1')",
            "lr_find": "there is no learning-rate search here; use deep-nn compare-learning-rates",
            "to_json get_config": "use model.save('model.h5')",
            "to cuda cpu": _CPU,
            "backward step zero_grad": "omit it: model.fit(x, y) does it",
            "count_params": "use model.network.count_params()",
            "input_shape output_shape": "use model.network.input_shape",
            "history_ loss_curve_": "use model.history['loss']",
            "plot": "use model.history.plot()",
            "classes_": "classes are integers from 0; for other labels, from nn_core.sklearn import NetworkClassifier",
            "get_params set_params": "use from nn_core.sklearn import NetworkClassifier",
            "export to_onnx": "use nn_core.exchange.to_onnx(model.network, 'model.onnx')",
        }
    ),
    "Trainer": each(
        {
            "fit train": "use trainer.run()",
            "train_step": "use Trainer(Engine(network), x, y, recipe, epochs=1).run()",
            "test validate score": "use Model(network, loss).evaluate(x, y)",
            "predict": "use Engine(network).predict(x)[0]",
            "history": "use trainer.state.history",
            "model": "use trainer.network",
            "save": "use nn_core.checkpoint.save('run.h5', trainer.network, snapshot=trainer.state.snapshot())",
            "stop_training stop should_stop": "use trainer.state.stop('reason')",
        }
    ),
    "Layer": each(
        {
            "weights weight kernel W b bias params get_weights set_weights state_dict": (
                "a layer holds no weights; the network does: network.params['0/W'], network[0].params"
            ),
            "build": "omit it: the network initializes the weights",
            "call output": "use network[0](x)",
            "train eval": _LEAVE_OUT,
            "to cuda cpu": _CPU,
            "requires_grad requires_grad_ freeze": "use Dense(8, trainable=False), or network.freeze('0')",
            "out_features output_dim": "use layer.units",
            "in_features input_shape": "it is inferred from the previous layer: network.shapes[0]",
            "count_params": "use Network([Dense(8)], input_shape=(4,)).count_params()",
        }
    ),
    "Optimizer": each(
        {
            "step zero_grad minimize apply_gradients": "Model(network, loss, Adam(0.001)).fit(x, y) does it",
            "lr": "use optimizer.learning_rate",
            "state_dict param_groups get_config": "an optimizer holds only settings, such as optimizer.learning_rate",
        }
    ),
    "Loss": each({"backward item": "use value, gradient = loss(logits, y)[:2]"}),
    "History": each(
        {
            "history": "use history['loss']; history.columns has all columns",
            "loss": "use history['loss']",
            "val_loss": "use history['validation_loss']",
            "accuracy acc": "use history['accuracy']",
            "val_accuracy val_acc": "use history['validation_accuracy']",
            "values items": "use history.columns",
            "epoch": "use history['epoch']",
            "to_dict": "use dict(history.columns)",
        }
    ),
    "Checkpoint": each({"predict model state_dict": "use nn_core.checkpoint.load('network.h5').network(x)"}),
    "Engine": each({"fit train run": _TRAIN, "close": "use with Engine(network) as engine: ..."}),
    "Reference": each({"fit train run": _TRAIN}),
}
