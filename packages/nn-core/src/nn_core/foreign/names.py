"""Names in the modules of Keras, PyTorch and scikit-learn and their equivalents here."""

from nn_core.foreign.table import each

_NETWORK = "Network([Dense(8), ReLU(), Dense(2)], input_shape=(4,))"
_SOFTMAX = "omit it: the loss softmax-cross-entropy applies it, and model.probabilities(x) returns the probabilities"
_SCHEDULE = "use Model(network, loss, schedule='cosine:warmup=1')"
_SKLEARN = "use from nn_core.sklearn import NetworkClassifier, NetworkRegressor"
_BEST = "use model.fit(x, y, validation=0.2, callbacks=[EarlyStopping(5)]), which restores the best weights"

NAMES: dict[str, str] = each(
    {
        # Models
        "Sequential Functional ModuleList NeuralNetwork NeuralNet Net NN MLP": f"use {_NETWORK}",
        "Input InputLayer": f"pass input_shape to the network: {_NETWORK}",
        "Module": "use Chain([Dense(8), ReLU()]), or a subclass of nn_core.Layer",
        "nn functional": "layers are in nn_core itself: nn_core.Dense(8), nn_core.ReLU()",
        "Learner Estimator": "use Model(network, loss)",
        "MLPClassifier MLPRegressor GridSearchCV Pipeline make_pipeline cross_val_score": _SKLEARN,
        "LogisticRegression": "use Model(Network([Dense(2)], input_shape=(4,)), 'softmax-cross-entropy')",
        "LinearRegression Ridge": "use Model(Network([Dense(1)], input_shape=(4,)), 'mean-squared-error')",
        "load_model models": "use Model.load('model.h5')",
        "save_model": "use model.save('model.h5')",
        "load": "use Model.load('model.h5'), or nn_core.checkpoint.load('network.h5')",
        "save": "use model.save('model.h5'), or nn_core.checkpoint.save('network.h5', network)",
        # Layers
        "Linear LazyLinear FullyConnected": "use Dense(8): the number of inputs is inferred",
        "Conv2d Convolution2D": "use Conv2D(8, 3): the number of input channels is inferred",
        "Conv1D Conv1d": "use Conv2D(8, (3, 1)), for sequences of shape (T, 1, D); or LSTM(32)",
        "BatchNorm1d BatchNorm2d BatchNormalization": "use BatchNorm()",
        "LayerNorm LayerNormalization GroupNorm": "use BatchNorm(), or InstanceNorm() for images",
        "InstanceNorm2d": "use InstanceNorm()",
        "MaxPool2d MaxPooling2D MaxPool": "use MaxPool2D(2)",
        "AvgPool2d AveragePooling2D AvgPool2D": "use AveragePool2D(2)",
        "GlobalAveragePooling2D GlobalAvgPool2D AdaptiveAvgPool2d": "use GlobalAveragePool2D()",
        "GlobalAveragePooling1D GlobalAvgPool1D": "use MeanOverTime()",
        "ZeroPadding2D ZeroPad2d": "use Conv2D(8, 3, padding=1)",
        "RNN RNNCell SimpleRNNCell": "use SimpleRNN(32)",
        "LSTMCell": "use LSTM(32)",
        "GRUCell": "use GRU(32)",
        "Bidirectional": "there are no bidirectional layers; use LSTM(32)",
        "TimeDistributed": "omit it: Dense(8) is applied to every step of a sequence",
        "Masking": "use Network([LSTM(8), LastStep(), Dense(1)], input_shape=(None, 4), padding=0)",
        "Dropout2d SpatialDropout2D": "use Dropout(0.2, spatial=True)",
        "Concatenate concatenate Concat cat": "use Parallel([[Dense(8)], [Dense(4)]], merge='concat')",
        "Add add": "use Residual([Dense(8)]), or Parallel([[Dense(8)], [Dense(8)]], merge='add')",
        "Average": "use Parallel([[Dense(8)], [Dense(8)]], merge='mean')",
        "Lambda": "use a subclass of nn_core.Layer, with forward and backward",
        "Identity": "use Chain([])",
        "Softmax LogSoftmax softmax log_softmax": _SOFTMAX,
        "PReLU ELU SELU CELU ReLU6 SiLU Swish Mish Softplus": "use LeakyReLU() or GELU()",
        # Optimizers and training
        "SGD sgd": "use GradientDescent(0.1), or Momentum(0.1, beta=0.9)",
        "Adagrad Adadelta Adamax Nadam NAdam RAdam LBFGS Ftrl": "use Adam(0.001)",
        "optimizers": "use nn_core.optim.Adam(0.001)",
        "callbacks": "use nn_core.training.EarlyStopping(5)",
        "ModelCheckpoint": _BEST,
        "ReduceLROnPlateau LearningRateScheduler StepLR ExponentialLR CosineAnnealingLR OneCycleLR": _SCHEDULE,
        "lr_scheduler schedulers": _SCHEDULE,
        "TensorBoard SummaryWriter CSVLogger": "use model.fit(x, y).columns for the metrics of each epoch",
        "DataLoader Dataset TensorDataset IterableDataset": "pass arrays: model.fit(x, y, batch_size=32)",
        "no_grad inference_mode set_grad_enabled": "omit it: model.predict(x) computes no gradients",
        "manual_seed set_seed set_random_seed": f"use {_NETWORK[:-1]}, seed=0), and model.fit(x, y, seed=0)",
        # Losses and metrics
        "CrossEntropyLoss NLLLoss CategoricalCrossentropy SparseCategoricalCrossentropy CategoricalCrossEntropy": (
            "use SoftmaxCrossEntropy()"
        ),
        "BCELoss BCEWithLogitsLoss BinaryCrossentropy": "use BinaryCrossEntropy(), which takes logits",
        "MSELoss MSE mse": "use MeanSquaredError()",
        "L1Loss MAE MeanAbsoluteError SmoothL1Loss Huber HuberLoss": (
            "use MeanSquaredError(), with metrics=['mean-absolute-error']"
        ),
        "accuracy_score score": "use model.evaluate(x, y)['accuracy']",
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy": (
            "use Model(network, loss, metrics=['accuracy'])"
        ),
        "f1_score precision_score recall_score classification_report": (
            "use nn_core.metrics.precision_and_recall(confusion), with confusion = "
            "nn_core.metrics.confusion_matrix(model.predict(x), y, 2)"
        ),
        "r2_score": "use nn_core.metrics.r2(output, y)",
        # Data
        "to_onnx from_onnx to_safetensors from_safetensors": "use nn_core.exchange.to_onnx(network, 'network.onnx')",
        "NetworkClassifier NetworkRegressor": _SKLEARN,
        "MultiheadAttention MultiHeadAttention Transformer Attention": "there is no attention layer; use LSTM(32)",
        "utils": "use nn_core.metrics, nn_core.batches, or nn_core.generate",
        "tensor Tensor as_tensor from_numpy FloatTensor LongTensor Variable": "use np.asarray([[1.0, 2.0]])",
        "device cuda to_device": "omit it: everything runs on the CPU",
        "float32 float64": "use np.float32; networks are float32 by default",
        "to_categorical one_hot OneHotEncoder LabelBinarizer": (
            "use integer class labels, as in y, or np.unique(labels, return_inverse=True)[1]"
        ),
        "LabelEncoder": "use np.unique(labels, return_inverse=True)[1]",
        "train_test_split random_split": "use model.fit(x, y, validation=0.2), or nn_core.batches.stratified_split",
        "StandardScaler MinMaxScaler Normalization Rescaling": "use (x - x.mean(axis=0)) / x.std(axis=0)",
        "datasets": "pass your own arrays: model.fit(x, y)",
        "plot_history": "use history.plot()",
        "HeNormal HeUniform kaiming_normal_ kaiming_uniform_": "use Dense(8, initializer='he')",
        "GlorotNormal GlorotUniform xavier_normal_ xavier_uniform_": "use Dense(8, initializer='xavier')",
        "L2 l2 L1L2 regularizers": "use Model(network, loss, l2=0.001)",
        "clip_grad_norm_ clip_grad_value_": "use Model(network, loss, clip_norm=1.0)",
    }
)
