"""Schedules: numbers by hand, warm-up, and what happens exactly on a boundary."""

import inspect
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_core.errors import SettingError
from nn_core.optim import schedules
from nn_core.optim.schedules import SCHEDULES, Constant, Cosine, Exponential, InverseTime, Schedule, Step, schedule

WITH_SETTINGS = [
    "constant:warmup=2",
    "inverse-time:rate=0.5,interval=3",
    "step:gamma=0.1,interval=30,warmup=1.5",
    "exponential:rate=0.25",
    "cosine:final=0.1,warmup=5",
]


def factors(text: str, steps: int, *, steps_per_epoch: int = 1, epochs: int = 10) -> list[float]:
    made = schedule(text)
    return [made(step, steps_per_epoch, epochs) for step in range(steps)]


def test_every_schedule_is_in_the_list() -> None:
    classes = {
        item
        for item in vars(schedules).values()
        if isinstance(item, type) and issubclass(item, Schedule) and not inspect.isabstract(item)
    }
    assert classes == set(SCHEDULES.values())
    assert {text.partition(":")[0] for text in WITH_SETTINGS} == set(SCHEDULES)


def test_constant_is_one() -> None:
    assert factors("constant", 5) == [1.0] * 5


def test_inverse_time_is_that_of_the_originals() -> None:
    # 1 / (1 + rate * floor(epoch / interval)) at epochs 0..6, every 3 epochs: 1, 1/1.5, 1/2.
    assert factors("inverse-time:rate=0.5,interval=3", 7) == [1, 1, 1, 1 / 1.5, 1 / 1.5, 1 / 1.5, 1 / 2]


@given(epoch=st.integers(0, 2000), rate=st.floats(0, 10), interval=st.integers(1, 500))
def test_inverse_time_at_any_whole_epoch(epoch: int, rate: float, interval: int) -> None:
    made = InverseTime(rate=rate, interval=interval)
    assert made(epoch, 1, 2000) == pytest.approx(1 / (1 + rate * (epoch // interval)), rel=1e-15)


def test_step_divides_at_each_interval() -> None:
    assert factors("step:gamma=0.5,interval=2", 7) == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_exponential_by_hand() -> None:
    # exp(-ln 2) = 1/2 an epoch.
    made = Exponential(rate=math.log(2))
    assert [made(step, 2, 9) for step in (0, 2, 4, 6)] == pytest.approx([1, 1 / 2, 1 / 4, 1 / 8])
    assert made(1, 2, 9) == pytest.approx(math.sqrt(1 / 2))


def test_cosine_goes_from_one_to_the_final_factor() -> None:
    # cos(0), cos(pi/3), cos(pi/2), cos(2 pi/3), cos(pi) = 1, 1/2, 0, -1/2, -1.
    made = Cosine(final=0.2)
    received = [made(step, 1, 6) for step in (0, 2, 3, 4, 6, 7, 100)]
    assert received == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2])
    assert Cosine()(6, 1, 6) == pytest.approx(0, abs=1e-16)


def test_cosine_of_a_longer_run_falls_later() -> None:
    assert Cosine()(5, 1, 20) > Cosine()(5, 1, 10)


def test_cosine_ends_with_the_run_and_not_later_for_its_warmup() -> None:
    # Warm-up 2 of 10 epochs: half-way through the other 8 is epoch 6.
    made = Cosine(warmup=2)
    assert made(2, 1, 10) == 1
    assert made(6, 1, 10) == pytest.approx(0.5)
    assert made(10, 1, 10) == pytest.approx(0, abs=1e-16)


@pytest.mark.parametrize("epochs", [0, 1, 3])
def test_a_run_no_longer_than_its_warmup_is_no_error(epochs: int) -> None:
    made = Cosine(warmup=3, final=0.25)
    received = [made(step, 2, epochs) for step in range(8)]
    assert received[:5] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
    assert received[5:] == [0.25] * 3


def test_time_is_counted_in_epochs_and_fractions_of_them() -> None:
    # Intervals of half an epoch of four steps: a fall every second step.
    assert factors("step:interval=0.5", 6, steps_per_epoch=4) == [1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("interval", ["1", "0.1", "0.3", "0.7", "2"])
@pytest.mark.parametrize("warmup", ["0", "1", "0.1", "0.3", "0.7", "2.5"])
def test_a_fall_comes_exactly_on_its_boundary(interval: str, warmup: str) -> None:
    # Counted in fractions of the decimals as they are written, which floats cannot hold.
    step_schedule = Step(interval=float(interval), warmup=float(warmup))
    inverse_time = InverseTime(interval=float(interval), warmup=float(warmup))
    for steps_per_epoch in (1, 3, 7, 10, 49, 100):
        rising = Fraction(warmup) * steps_per_epoch
        if rising.denominator == 1:
            for step in range(int(rising), 8 * steps_per_epoch):
                falls = (step - rising) / steps_per_epoch // Fraction(interval)
                at = (step, steps_per_epoch, 8)
                assert step_schedule(*at) == 0.5**falls, at
                assert inverse_time(*at) == 1 / (1 + falls), at


def test_warmup_rises_in_a_straight_line_to_one() -> None:
    # Two epochs of two steps: 1/4, 2/4, 3/4, then 1, and from there the schedule's own time.
    received = factors("step:gamma=0.1,interval=1,warmup=2", 9, steps_per_epoch=2)
    assert received == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1, 0.01])


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_first_and_the_last_step_of_any_warmup(name: str) -> None:
    made = schedule(f"{name}:warmup=3")
    assert made(0, 10, 50) == pytest.approx(1 / 30)
    assert made(28, 10, 50) == pytest.approx(29 / 30)
    assert made(29, 10, 50) == 1
    assert made(30, 10, 50) == 1
    assert made(31, 10, 50) <= 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_without_warmup_the_first_step_is_whole(name: str) -> None:
    assert schedule(name)(0, 10, 50) == 1


@pytest.mark.parametrize("text", WITH_SETTINGS)
@given(step=st.integers(0, 5000), steps_per_epoch=st.integers(1, 300), epochs=st.integers(0, 200))
def test_a_factor_lies_in_0_and_1(text: str, step: int, steps_per_epoch: int, epochs: int) -> None:
    assert 0 <= schedule(text)(step, steps_per_epoch, epochs) <= 1


@pytest.mark.parametrize("text", WITH_SETTINGS)
def test_a_description_gives_the_schedule_back(text: str) -> None:
    made = schedule(text)
    assert schedule(SCHEDULES.describe(made)) == made


def test_the_defaults() -> None:
    assert schedule("constant") == Constant()
    assert schedule("inverse-time") == InverseTime(rate=1.0, interval=100.0)
    assert schedule("step") == Step(gamma=0.5, interval=100.0)
    assert schedule("exponential") == Exponential(rate=0.01)
    assert schedule("cosine") == Cosine(final=0.0, warmup=0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin", "unknown schedule 'cosin'; did you mean 'cosine'?"),
        ("constant:warmup=-1", "warmup cannot be negative: -1"),
        ("cosine:warmup=-1", "warmup cannot be negative: -1"),
        ("step:warmup=-1", "warmup cannot be negative: -1"),
        ("inverse-time:warmup=-1", "warmup cannot be negative: -1"),
        ("exponential:warmup=-1", "warmup cannot be negative: -1"),
        ("inverse-time:rate=-1", "rate cannot be negative: -1"),
        ("inverse-time:interval=0", "interval must be at least 1e-6, not 0"),
        ("step:gamma=0", r"gamma must be in \(0, 1\], not 0"),
        ("step:gamma=1.5", r"gamma must be in \(0, 1\], not 1.5"),
        ("step:interval=-2", "interval must be at least 1e-6, not -2"),
        ("exponential:rate=-0.1", "rate cannot be negative: -0.1"),
        ("cosine:final=2", r"final must be in \[0, 1\], not 2"),
        ("cosine:final=-1", r"final must be in \[0, 1\], not -1"),
        ("CosineAnnealingLR", "use 'cosine'"),
        ("cosine:warm=1", "did you mean 'warmup'?"),
    ],
)
def test_wrong_settings_are_refused(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        schedule(text)


@pytest.mark.parametrize("make", [InverseTime, Step])
def test_the_shortest_interval(make: type[InverseTime] | type[Step]) -> None:
    assert make(interval=1e-6).interval == 1e-6
    with pytest.raises(SettingError, match=r"interval must be at least 1e-6, not 9\.99e-07"):
        make(interval=9.99e-7)


def test_schedule_is_returned_unchanged_and_class_is_rejected() -> None:
    made = Cosine(warmup=2)
    assert schedule(made) is made
    with pytest.raises(SettingError, match=r"^Cosine is a class; use Cosine\(\)$"):
        schedule(Cosine)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Cosine(2)  # type: ignore[call-arg]
