"""Names in the modules of Keras, PyTorch and scikit-learn, and what to write here instead."""

from nn_core.foreign.advice import each

_NETWORK = "Network([Dense(8), ReLU(), Dense(2)], input_shape=(4,))"
_SOFTMAX = "leave it out: the loss softmax-cross-entropy applies it, and model.probabilities(x) has its values"
_SCHEDULE = "write Model(network, loss, schedule='cosine:warmup=1')"
_SKLEARN = "write from nn_core.sklearn import NetworkClassifier, NetworkRegressor"
_BEST = "write model.fit(x, y, validation=0.2, callbacks=[EarlyStopping(5)]), which restores the best weights"

NAMES: dict[str, str] = each(
    {
        # Models
        "Sequential Functional ModuleList NeuralNetwork NeuralNet Net NN MLP": f"write {_NETWORK}",
        "Input InputLayer": f"a network takes the shape of its input: {_NETWORK}",
        "Module": "write Chain([Dense(8), ReLU()]), or a subclass of nn_core.Layer",
        "nn functional": "layers are at the top: nn_core.Dense(8), nn_core.ReLU()",
        "Learner Estimator": "write Model(network, loss)",
        "MLPClassifier MLPRegressor GridSearchCV Pipeline make_pipeline cross_val_score": _SKLEARN,
        "LogisticRegression": "write Model(Network([Dense(2)], input_shape=(4,)), 'softmax-cross-entropy')",
        "LinearRegression Ridge": "write Model(Network([Dense(1)], input_shape=(4,)), 'mean-squared-error')",
        "load_model models": "write Model.load('model.h5')",
        "save_model": "write model.save('model.h5')",
        "load": "write Model.load('model.h5'), or nn_core.checkpoint.load('network.h5')",
        "save": "write model.save('model.h5'), or nn_core.checkpoint.save('network.h5', network)",
        # Layers
        "Linear LazyLinear FullyConnected": "write Dense(8): the number of inputs follows from the layer before",
        "Conv2d Convolution2D": "write Conv2D(8, 3): the channels follow from the layer before",
        "Conv1D Conv1d": "write Conv2D(8, (3, 1)), for sequences of shape (T, 1, D); or LSTM(32)",
        "BatchNorm1d BatchNorm2d BatchNormalization": "write BatchNorm()",
        "LayerNorm LayerNormalization GroupNorm": "write BatchNorm(), or InstanceNorm() for images",
        "InstanceNorm2d": "write InstanceNorm()",
        "MaxPool2d MaxPooling2D MaxPool": "write MaxPool2D(2)",
        "AvgPool2d AveragePooling2D AvgPool2D": "write AveragePool2D(2)",
        "GlobalAveragePooling2D GlobalAvgPool2D AdaptiveAvgPool2d": "write GlobalAveragePool2D()",
        "GlobalAveragePooling1D GlobalAvgPool1D": "write MeanOverTime()",
        "ZeroPadding2D ZeroPad2d": "write Conv2D(8, 3, padding=1)",
        "RNN RNNCell SimpleRNNCell": "write SimpleRNN(32)",
        "LSTMCell": "write LSTM(32)",
        "GRUCell": "write GRU(32)",
        "Bidirectional": "write LSTM(32), which reads forward; nothing here reads both ways",
        "TimeDistributed": "leave it out: Dense(8) acts on every step of a sequence",
        "Masking": "write Network([LSTM(8), LastStep(), Dense(1)], input_shape=(None, 4), padding=0)",
        "Dropout2d SpatialDropout2D": "write Dropout(0.2, spatial=True)",
        "Concatenate concatenate Concat cat": "write Parallel([[Dense(8)], [Dense(4)]], merge='concat')",
        "Add add": "write Residual([Dense(8)]), or Parallel([[Dense(8)], [Dense(8)]], merge='add')",
        "Average": "write Parallel([[Dense(8)], [Dense(8)]], merge='mean')",
        "Lambda": "write a subclass of nn_core.Layer, with forward and backward",
        "Identity": "write Chain([])",
        "Softmax LogSoftmax softmax log_softmax": _SOFTMAX,
        "PReLU ELU SELU CELU ReLU6 SiLU Swish Mish Softplus": "write LeakyReLU() or GELU()",
        # Optimizers and training
        "SGD sgd": "write GradientDescent(0.1), or Momentum(0.1, beta=0.9)",
        "Adagrad Adadelta Adamax Nadam NAdam RAdam LBFGS Ftrl Lion": "write Adam(0.001)",
        "optimizers": "write nn_core.optim.Adam(0.001)",
        "callbacks": "write nn_core.training.EarlyStopping(5)",
        "ModelCheckpoint": _BEST,
        "ReduceLROnPlateau LearningRateScheduler StepLR ExponentialLR CosineAnnealingLR OneCycleLR": _SCHEDULE,
        "lr_scheduler schedulers": _SCHEDULE,
        "TensorBoard SummaryWriter CSVLogger": "write model.fit(x, y).columns: the metrics by epoch, as lists",
        "DataLoader Dataset TensorDataset IterableDataset": "arrays go in: model.fit(x, y, batch_size=32)",
        "no_grad inference_mode set_grad_enabled": "leave it out: model.predict(x) computes no gradients",
        "manual_seed set_seed set_random_seed": f"write {_NETWORK[:-1]}, seed=0), and model.fit(x, y, seed=0)",
        # Losses and metrics
        "CrossEntropyLoss NLLLoss CategoricalCrossentropy SparseCategoricalCrossentropy CategoricalCrossEntropy": (
            "write SoftmaxCrossEntropy()"
        ),
        "BCELoss BCEWithLogitsLoss BinaryCrossentropy": "write BinaryCrossEntropy(), which takes logits",
        "MSELoss MSE mse": "write MeanSquaredError()",
        "L1Loss MAE MeanAbsoluteError SmoothL1Loss Huber HuberLoss": (
            "write MeanSquaredError(), with metrics=['mean-absolute-error']"
        ),
        "accuracy_score score": "write model.evaluate(x, y)['accuracy']",
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy": (
            "write Model(network, loss, metrics=['accuracy'])"
        ),
        "f1_score precision_score recall_score classification_report": (
            "write nn_core.metrics.precision_and_recall(confusion), with confusion = "
            "nn_core.metrics.confusion_matrix(model.predict(x), y, 2)"
        ),
        "r2_score": "write nn_core.metrics.r2(output, y)",
        # Data
        "tensor Tensor as_tensor from_numpy FloatTensor LongTensor Variable": "write np.asarray([[1.0, 2.0]])",
        "device cuda to_device": "leave it out: everything runs on the CPU, in threads",
        "float32 float64": "write np.float32; networks are float32 by default",
        "to_categorical one_hot OneHotEncoder LabelBinarizer": (
            "labels are class numbers, as in y, or np.unique(labels, return_inverse=True)[1]"
        ),
        "LabelEncoder": "write np.unique(labels, return_inverse=True)[1]",
        "train_test_split random_split": "write model.fit(x, y, validation=0.2), or nn_core.batches.stratified_split",
        "StandardScaler MinMaxScaler Normalization Rescaling": "write (x - x.mean(axis=0)) / x.std(axis=0)",
        "datasets": "x and y are arrays of your own: model.fit(x, y)",
        "plot_history": "write history.plot()",
        "HeNormal HeUniform kaiming_normal_ kaiming_uniform_": "write Dense(8, initializer='he')",
        "GlorotNormal GlorotUniform xavier_normal_ xavier_uniform_": "write Dense(8, initializer='xavier')",
        "L2 l2 L1L2 regularizers": "write Model(network, loss, l2=0.001)",
        "clip_grad_norm_ clip_grad_value_": "write Model(network, loss, clip_norm=1.0)",
    }
)
