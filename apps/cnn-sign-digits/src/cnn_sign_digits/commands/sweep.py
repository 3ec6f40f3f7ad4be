"""Search for the best settings."""

from cnn_sign_digits.commands.train import train
from cnn_sign_digits.settings import PhotoSettings
from cnn_sign_digits.setup import build_trainer
from nn_core.cli.sweep_command import Program, sweep_command

sweep = sweep_command(
    train,
    Program("cnn-sign", PhotoSettings, build_trainer, "learning-rate=log:1e-3:0.1,batch-size=16|32|64,dropout=0:0.5"),
)
