"""Search for the best settings."""

from deep_nn.commands.train import train
from deep_nn.settings import NetworkSettings
from deep_nn.setup import build_trainer
from nn_core.cli.sweep_command import Program, sweep_command

sweep = sweep_command(
    train,
    Program("deep-nn", NetworkSettings, build_trainer, "learning-rate=log:1e-3:0.3,hidden=16|64|64,64,dropout=0:0.5"),
)
