"""Search for the best settings."""

from char_rnn_dino.names.commands.train import train
from char_rnn_dino.settings import NameSettings
from char_rnn_dino.setup import build_trainer
from nn_core.cli.sweep_command import Program, sweep_command

sweep = sweep_command(
    train,
    Program("dino-gen", NameSettings, build_trainer, "learning-rate=log:1e-3:0.03,cell=rnn|gru|lstm,hidden=32|64|128"),
)
