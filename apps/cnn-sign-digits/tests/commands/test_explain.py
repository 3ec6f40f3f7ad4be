"""`shapes`, `filters`, `feature-maps` and `explain` as they are typed."""

import numpy as np
import pytest
from program import json_of, refusal, succeed
from photos import photo, pixels
from PIL import Image
from small_models import INPUT_SHAPE, network_of, save

from cnn_sign_digits.inspect.layer_info import answers
from cnn_sign_digits.presets import NORM
from cnn_sign_digits.using import read_photo
from nn_core import checkpoint
from nn_core.layers import Conv2D, Dense, Flatten, GlobalAveragePool2D, ReLU
from nn_core.network import Network

CLASSIC, ACCURATE = "classic.h5", "accurate.h5"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    save(folder / CLASSIC, network_of("classic"))
    save(folder / ACCURATE, network_of("accurate"))
    return folder


@pytest.fixture
def here(models, tmp_path, monkeypatch):
    """A folder to write in, with a photo and both models."""
    monkeypatch.chdir(tmp_path)
    for name in (CLASSIC, ACCURATE):
        (tmp_path / name).write_bytes((models / name).read_bytes())
    photo(tmp_path / "photo.png", pixels(1, 80, 100, 3)[0])
    return tmp_path


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, instead of their files."""
    figures = []
    for module in ("sheets", "explaining"):
        monkeypatch.setattr(
            f"cnn_sign_digits.{module}.save_figure", lambda figure, path: figures.append(figure)
        )
    return figures


def images_of(figure):
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def texts_of(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


class TestShapes:
    def test_by_default_the_classic_preset_which_needs_no_weights(self):
        lines = succeed("shapes").stdout.splitlines()
        assert lines[0].startswith("classic network, for N photos")
        assert lines[1].split()[0] == "layer"
        assert lines[-2].split() == ["total", "4,474", "17,896", "2,675,328"]
        assert succeed("shapes", "--preset", "classic").stdout.splitlines() == lines

    @pytest.mark.parametrize("preset", ["classic", "accurate"])
    def test_a_checkpoint_has_the_shapes_of_its_preset(self, here, preset):
        of_preset = json_of("shapes", "--preset", preset)
        of_model = json_of("shapes", f"{preset}.h5")
        assert of_model.pop("network") == f"{preset}.h5"
        assert of_preset.pop("network") == f"{preset} network"
        assert of_model == of_preset

    def test_json_says_which_gradients_there_are(self):
        found = json_of("shapes")
        first, second = found["layers"][:2]
        assert first["backward"] == {"d_y": None, "d_x": None, "gradients": {}}
        assert second["forward"] == {"x": [64, 64, 3], "y": [64, 64, 8]}
        assert second["backward"]["d_x"] is None
        assert second["backward"]["gradients"] == {"W": [5, 5, 3, 8], "b": [8]}

    def test_two_networks_are_one_too_many(self, here):
        line = refusal("shapes", CLASSIC, "--preset", "classic", status=2)
        assert "MODEL and --preset both name a network" in line


class TestFilters:
    def test_they_are_drawn_here(self, here):
        result = succeed("filters", CLASSIC)
        assert (result.stdout, result.stderr) == ("", "wrote filters.png\n")
        assert (here / "filters.png").read_bytes().startswith(b"\x89PNG")

    def test_the_first_are_in_color_around_grey(self, here, drawn):
        succeed("filters", CLASSIC)
        W = network_of("classic").parameter_views[1]["W"]
        pictures = images_of(drawn[0])
        assert len(pictures) == W.shape[3] == 8
        for f, picture in enumerate(pictures):
            kernel = W[..., f]
            expected = 0.5 + kernel / (2 * np.abs(kernel).max())
            np.testing.assert_allclose(picture, expected, atol=1e-6)
            assert 0 <= picture.min() <= picture.max() <= 1

    def test_of_a_deeper_one_it_says_how_many_are_shown(self, here, drawn):
        succeed("filters", ACCURATE, "--layer", 4)
        W = network_of("accurate").parameter_views[12]["W"]
        assert W.shape == (3, 3, 80, 80)
        pictures = images_of(drawn[0])
        assert len(pictures) == 16 * 16
        largest = np.abs(W[..., 1]).max()  # of all its channels, shown or not
        np.testing.assert_allclose(pictures[17], 0.5 + W[:, :, 1, 1] / (2 * largest), atol=1e-6)
        assert (
            "the first 16 of 80 filters in rows, the first 16 of 80 maps read"
            in (texts_of(drawn[0])[0])
        )

    def test_all_of_a_small_one_are_shown(self, here, drawn):
        succeed("filters", CLASSIC, "--layer", 2)
        assert len(images_of(drawn[0])) == 16 * 8
        assert "16 filters in rows, 8 maps read in columns" in texts_of(drawn[0])[0]

    def test_a_filter_of_zeros_is_grey(self, here, drawn):
        network = network_of("classic")
        network.parameter_views[1]["W"][...] = 0
        save(here / "zeros.h5", network)
        succeed("filters", "zeros.h5")
        assert all((picture == 0.5).all() for picture in images_of(drawn[0]))

    def test_a_layer_that_there_is_not(self, here):
        line = refusal("filters", CLASSIC, "--layer", 3, status=2)
        assert line == "the network has no convolution 3; it has 1 to 2"

    def test_a_network_without_convolutions(self, here):
        save(here / "flat.h5", Network([Flatten(), Dense(10)], input_shape=INPUT_SHAPE))
        assert "no convolution to look at" in refusal("filters", "flat.h5", status=1)
        assert "no layer of maps" in refusal(
            "feature-maps", "photo.png", "--model", "flat.h5", status=1
        )
        assert "no convolution" in refusal("explain", "photo.png", "--model", "flat.h5", status=1)


class TestFeatureMaps:
    def test_they_are_drawn_here(self, here):
        result = succeed("feature-maps", "photo.png", "--model", CLASSIC)
        assert (result.stdout, result.stderr) == ("", "wrote feature-maps.png\n")
        assert (here / "feature-maps.png").read_bytes().startswith(b"\x89PNG")

    def test_a_row_for_each_stage_after_the_photo(self, here, drawn):
        succeed("feature-maps", "photo.png", "--model", ACCURATE)
        pictures = images_of(drawn[0])
        assert pictures[0].shape == (64, 64, 3)
        sides = [len(picture) for picture in pictures[1:]]
        assert sides == [side for side in (32, 16, 16, 8, 8, 8, 4, 4) for _ in range(16)]
        assert any("8 ReLU: the first 16 of 128 maps of 4 x 4" in t for t in texts_of(drawn[0]))

    def test_they_are_what_the_layers_answer(self, here, drawn):
        succeed("feature-maps", "photo.png", "--model", CLASSIC, "--layer", 2)
        network = network_of("classic")
        x = read_photo(here / "photo.png")
        outputs, _ = answers(network, x)
        pictures = images_of(drawn[0])
        np.testing.assert_array_equal(pictures[0], x[0])
        np.testing.assert_array_equal(np.stack(pictures[1:], axis=2), outputs[3][0])

    def test_of_one_layer_all_maps_on_one_scale(self, here, drawn):
        succeed("feature-maps", "photo.png", "--model", ACCURATE, "--layer", 8)
        (axes,) = drawn[0].axes
        assert len(axes.images) == 1 + 128
        scales = {image.get_clim() for image in axes.images[1:]}
        ((low, high),) = scales
        assert low == 0
        assert high == pytest.approx(max(image.get_array().max() for image in axes.images[1:]))

    def test_a_layer_that_there_is_not(self, here):
        line = refusal("feature-maps", "photo.png", "--model", CLASSIC, "--layer", 9, status=2)
        assert line == "the network has no layer of maps 9; it has 1 to 4"


def corner_model(path):
    """What is bright at the upper right speaks for class 3, and against the other classes."""
    layers = [NORM, Conv2D(1, 1), ReLU(), GlobalAveragePool2D(), Dense(10)]
    network = Network(layers, input_shape=INPUT_SHAPE)
    network.parameter_views[1]["W"][...] = 1
    network.parameter_views[4]["W"][...] = -1
    network.parameter_views[4]["W"][0, 3] = 5
    return save(path, network)


class TestExplain:
    @pytest.fixture
    def corner(self, here):
        corner_model(here / "corner.h5")
        picture = np.full((64, 64, 3), 10, np.uint8)
        picture[8:16, 40:56] = 250
        photo(here / "corner.png", picture)
        return here

    def test_it_says_what_it_is_and_where_that_is_seen(self, corner):
        result = succeed("explain", "corner.png", "--model", "corner.h5")
        lines = result.stdout.splitlines()
        assert lines[0].startswith("corner.png: 3, ")
        assert lines[1] == "what speaks for 3 centres at row 12, column 48 of 64"
        assert lines[2] == "Grad-CAM on the 64 x 64 maps after Conv2D 1x1, 1 > ReLU"
        assert result.stderr == "wrote explain.png\n"
        assert (corner / "explain.png").read_bytes().startswith(b"\x89PNG")

    def test_a_class_that_nothing_speaks_for(self, corner):
        told = succeed("explain", "corner.png", "--model", "corner.h5", "--class", "5").stdout
        assert told.splitlines()[1].startswith("asked about 5, ")
        assert told.splitlines()[2] == "nothing that it saw speaks for 5"
        found = json_of("explain", "corner.png", "--model", "corner.h5", "--class", "5")
        assert found["class"] == "3"
        assert found["explained"]["class"] == "5"
        assert found["centre"] is None

    def test_json_agrees_with_predict(self, here):
        found = json_of("explain", "photo.png", "--model", ACCURATE)
        (told,) = json_of("predict", "photo.png", "--model", ACCURATE)
        assert {key: found[key] for key in ("file", "class", "probability", "top")} == {
            key: told[key] for key in ("file", "class", "probability", "top")
        }
        heat = np.array(found["heat"])
        assert heat.shape == (4, 4)
        assert (heat.min() >= 0, heat.max()) == (True, 1)
        assert 0 <= found["centre"]["row"] <= 64
        assert found["layers"] == ["Conv2D 3x3, 128", "BatchNorm", "ReLU"]

    def test_the_figure_has_photo_heat_both_and_the_likeliest(self, corner, drawn):
        succeed("explain", "corner.png", "--model", "corner.h5", "--class", "5")
        first, second, third, last = drawn[0].axes[:4]
        assert first.images[0].get_array().shape == (64, 64, 3)
        assert (np.asarray(second.images[0].get_array()) == 0).all()
        assert third.images[0].get_array().shape == (64, 64, 3)
        names = [label.get_text() for label in last.get_yticklabels()]
        assert names[0] == "3"
        assert names[3] == "5"  # asked about, and not among the three likeliest
        assert len(last.patches) == 4

    def test_a_class_that_there_is_not(self, here):
        line = refusal("explain", "photo.png", "--model", CLASSIC, "--class", "25", status=2)
        assert "no class '25'; did you mean '5'?" in line
        assert not (here / "explain.png").exists()

    @pytest.mark.parametrize(
        ("mode", "size", "name"),
        [
            ("RGB", (1, 1), "dot.png"),
            ("RGBA", (70, 40), "clear.png"),
            ("L", (30, 90), "gray.png"),
            ("RGB", (60, 60), "a$\\x^$b.png"),
        ],
    )
    def test_a_picture_of_any_kind_and_name(self, here, mode, size, name):
        Image.new(mode, size).save(here / name)
        for command in ("explain", "feature-maps"):
            succeed(command, name, "--model", CLASSIC)


class TestRefusals:
    COMMANDS = (
        ("filters", "{model}"),
        ("shapes", "{model}"),
        ("feature-maps", "photo.png", "--model", "{model}"),
        ("explain", "photo.png", "--model", "{model}"),
        ("animate-convolution", "--kernel", "{model}"),
    )

    @pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
    def test_what_is_no_model_of_this_program(self, here, command):
        checkpoint.save(here / "other.h5", network_of("classic"), program="deep-nn", details={})
        (here / "cut.h5").write_bytes((here / CLASSIC).read_bytes()[:3000])
        (here / "text.h5").write_text("no model")
        for name, told in (
            ("other.h5", "was written by deep-nn, not by cnn-sign"),
            ("cut.h5", "cut.h5"),
            ("text.h5", "is not a checkpoint"),
        ):
            before = sorted(here.iterdir())
            words = [word.format(model=name) for word in command]
            assert told in refusal(*words, status=1)
            assert sorted(here.iterdir()) == before

    @pytest.mark.parametrize("command", ["explain", "feature-maps"])
    def test_what_is_no_photo(self, here, command):
        (here / "text.jpg").write_text("no photo")
        line = refusal(command, "text.jpg", "--model", CLASSIC, status=1)
        assert "text.jpg is not a picture" in line
        line = refusal(command, "none.jpg", "--model", CLASSIC, status=1)
        assert "no such file: none.jpg" in line

    @pytest.mark.parametrize(
        "command",
        [
            ("filters", CLASSIC),
            ("feature-maps", "photo.png", "--model", CLASSIC),
            ("explain", "photo.png", "--model", CLASSIC),
        ],
        ids=lambda command: command[0],
    )
    def test_a_figure_that_cannot_be_written(self, here, command):
        assert "there is no folder" in refusal(*command, "--figure", "no/a.png", status=2)
        assert "must end in .png or" in refusal(*command, "--figure", "a.gif", status=2)

    def test_a_figure_in_the_place_of_what_is_read(self, here):
        for command in ("explain", "feature-maps"):
            words = (command, "photo.png", "--model", CLASSIC, "--figure", "photo.png")
            assert "--figure would overwrite IMAGE" in refusal(*words, status=2)
        (here / "model.png").write_bytes((here / CLASSIC).read_bytes())
        line = refusal("filters", "model.png", "--figure", "model.png", status=2)
        assert "--figure would overwrite MODEL" in line
