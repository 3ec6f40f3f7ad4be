"""Options and commands of other programs and their equivalents here; see `nn_core.cli.option_hints`.

Advice is a list of options, separated by " | ": the hint is the first that the command has. An option may
have a value, with the placeholders {value} (the value given), {complement} (one minus it) and {name} (the
name of the unknown option). Advice that begins with "!" is shown as it is. For commands, it is a list of
commands.
"""

from nn_core.foreign.table import each

KEEP = "--dropout {complement}"

OPTIONS: dict[str, str] = each(
    {
        # Data
        "dataset input inputs train-data training-data train-set train file corpus csv images photos photo picture "
        "img folder path dir data-dir data-path train-dir root": "--data",
        "val val-data validation-data eval-data test-data valid dev dev-set test-set test": "--test | --data",
        "val-split validation-split val-size validation-size val-fraction validation-fraction holdout test-size "
        "test-split split train-size": "--validation",
        "cv folds k-fold k-folds kfold n-splits": "--cross-validate",
        "label labels label-column target-column target y": "--target | --class",
        "features feature-columns input-columns": "--columns",
        "ignore exclude drop-columns": "--drop",
        "na missing-values impute": "--missing",
        "dropna": "--missing drop",
        "normalize normalise standardize standardise scaler": "!omit it, inputs are always scaled",
        "shuffle stratify": "!omit it, it cannot be changed",
        "img-size input-size": "--image-size",
        "augmentation augmentations data-augmentation": "--augment",
        # Network
        "hidden-layers layers layer-dims layers-dims layer-sizes hidden-layer-sizes hidden-sizes hidden-size "
        "hidden-dim hidden-dims hidden-units units neurons n-hidden n-h n-a width rnn-size": "--hidden",
        "num-layers n-layers depth": "--layers | --hidden",
        "architecture arch net network model-type": "--preset | --cell | --hidden",
        "rnn-type cell-type": "--cell",
        "rnn gru lstm": "--cell {name}",
        "activation-function nonlinearity non-linearity act": "--activation",
        "relu leaky-relu sigmoid tanh gelu": "--activation {name}",
        "init initialization initialisation initialiser weight-init kernel-initializer init-method": (
            "--initializer | --recurrent-initializer"
        ),
        "dropout-rate dropout-prob drop-prob drop-rate drop-out p": "--dropout",
        "keep-prob keep-probability keep-rate keep": KEEP,
        "embedding-dim embedding-size embed-size embed-dim emb": "--embedding",
        "seq-len seq-length sequence-length bptt tbptt context-length block-size": "--bptt-length",
        # Training
        "lr alpha eta step-size learning-rate-init rate": "--learning-rate",
        "optimiser opt optim solver algorithm": "--optimizer",
        "adam adamw rmsprop nesterov sgd gradient-descent": "--optimizer {name}",
        "momentum beta": "--optimizer momentum:beta={value}",
        "beta1 beta2 epsilon": "--optimizer adam:{name}={value}",
        "loss loss-function criterion objective": "!omit it, the loss follows from the data",
        "metric metrics scoring": "!omit it, all metrics are reported",
        "bs batch batchsize minibatch minibatch-size mini-batch mini-batch-size b": "--batch-size",
        "epoch num-epochs n-epochs nb-epoch max-epochs iterations num-iterations iters n-iter niter max-iter steps "
        "max-steps e": "--epochs",
        "weight-decay wd lambd lambda reg regularization regularisation l2-reg l2-penalty l2-lambda": "--l2",
        "lr-decay decay decay-rate lr-schedule lr-scheduler scheduler gamma": "--schedule",
        "warmup warmup-epochs": "--schedule cosine:warmup={value}",
        "clip grad-clip gradient-clip gradient-clipping clipnorm max-norm max-grad-norm": "--clip-norm",
        "clipvalue": "--clip-value",
        "patience early-stop early-stopping-patience": "--early-stopping",
        "random-state random-seed rng manual-seed": "--seed",
        "runs repeats repetitions trials num-seeds": "--seeds",
        "workers num-workers jobs n-jobs j processes cores cpus n-threads num-threads": "--workers | --threads",
        "precision float": "--dtype",
        "float32 float64": "--dtype {name}",
        "gpu gpus device cuda mps cpu": "!omit it, everything runs on the CPU",
        # Models
        "checkpoint ckpt model-path model-file": "--model | --save | --from",
        "model weights load pretrained finetune fine-tune init-from": "--model | --from",
        "continue restart resume-from": "--resume",
        # Sampling
        "temp tau t": "--temperature | --temperatures",
        "prompt prime primer prefix seed-text start-string start-text start-letter begin text": "--start | --data",
        "n num number num-names num-samples samples n-samples size": "--count | --length",
        "len max-len maxlen chars n-chars num-chars tokens num-tokens max-tokens "
        "max-new-tokens": "--length | --max-length",
        "nucleus": "--top-p",
        "beam": "--top-k",
        "level tokenizer token": "--unit",
        "word words word-level": "--unit word",
        "scale": "--scales",
        # Output
        "output out o outfile out-file output-file output-path save-to save-path save-model dest": (
            "--save | --output | --figure | --to"
        ),
        "confusion confusion-matrix": "--figure",
        "errors misclassified": "--mistakes",
        "conv conv-layer": "--layer",
        "plot fig plots graph chart png svg pdf image save-plot save-figure": "--figure",
        "probabilities probability probs prob predict-proba": "--proba",
        "format": "--log-format",
        "onnx safetensors hdf5": "--format {name}",
        "log-dir logdir log-file logfile tensorboard history": "--log",
        "overwrite yes f": "--force",
        "silent no-progress": "--quiet",
        "debug loud": "--verbose",
        "theme": "--style",
        "dark slide paper": "--style {name}",
        "figsize figure-size": "--size",
    }
)

COMMANDS: dict[str, str] = each(
    {
        "fit learn run": "train",
        "test eval validate score accuracy perplexity": "evaluate",
        "infer inference classify recognize": "predict",
        "generate gen complete write": "sample | make-data",
        "compare race sweep": "compare-optimizers",
        "compare-lr lr": "compare-learning-rates",
        "compare-regularization regularization overfitting": "compare-l2",
        "gradient-check grad-check gradcheck check": "check-gradients",
        "decision-boundary plot": "boundary",
        "download get pull": "fetch",
        "list ls data": "datasets",
        "presets architectures zoo": "models | shapes",
        "info show describe inspect layers parameters": "summary | shapes",
        "convert onnx to-onnx safetensors save": "export",
        "grad-cam gradcam saliency heatmap": "explain | hidden-states",
        "kernels weights": "filters",
        "activations feature-map visualize visualise": "feature-maps | hidden-states | boundary",
        "animate convolution conv": "animate-convolution",
        "generate-data synthesize synthetic": "make-data",
        "memorization overlap copied plagiarism": "novelty",
        "gradients exploding-gradients": "vanishing-gradients",
    }
)
