"""`models` lists the shipped network and the presets."""

import shlex

from program import PROGRAM, json_of, succeed

from cnn_sign_digits.presets import PRESETS


def test_the_shipped_network_and_every_preset_with_their_use() -> None:
    shipped, *presets = json_of("models")
    assert (shipped["kind"], shipped["parameters"]) == ("shipped", 199_578)
    assert [entry["name"] for entry in presets] == list(PRESETS)
    assert {entry["kind"] for entry in presets} == {"preset"}
    assert [entry["settings"] for entry in presets] == [dict(preset.photos) for preset in PRESETS.values()]
    commands = PROGRAM.commands()
    for entry in presets:
        for usage in entry["usage"]:
            _, name, *arguments = shlex.split(usage)
            assert commands[name].make_context(name, arguments).params["preset"] == entry["name"]
    lines = succeed("models").stdout.splitlines()
    assert "classic  (preset of train, 4,474 parameters)" in lines
