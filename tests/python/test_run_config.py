"""holdfast.estimator.RunConfig: defaults, rules, replace and TF_CONFIG."""

import dataclasses
import json
import pathlib

import pytest

from holdfast.estimator import RunConfig


def test_defaults():
    config = RunConfig()
    assert (config.save_checkpoints_steps, config.save_checkpoints_secs) == (None, 600)
    assert (config.keep_checkpoint_max, config.keep_checkpoint_every_n_hours) == (5, 10000)
    assert (config.save_summary_steps, config.log_step_count_steps) == (100, 100)
    assert (config.model_dir, config.tf_random_seed) == (None, None)
    assert (config.durability, config.nonfinite, config.input_resume) == (
        "full",
        "warn",
        "continue",
    )


def test_positional_order_is_tfs():
    config = RunConfig("dir", 7, 10, 20, None, None, 3, 2, 50)
    assert (config.model_dir, config.tf_random_seed, config.save_summary_steps) == ("dir", 7, 10)
    assert (config.save_checkpoints_steps, config.save_checkpoints_secs) == (20, None)
    assert (config.keep_checkpoint_max, config.keep_checkpoint_every_n_hours) == (3, 2)
    assert config.log_step_count_steps == 50


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().model_dir = "elsewhere"


def test_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="keep_checkpoints"):
        RunConfig(keep_checkpoints=3)


@pytest.mark.parametrize(
    ("given", "steps", "secs"),
    [
        ({}, None, 600),
        ({"save_checkpoints_steps": 7}, 7, None),
        ({"save_checkpoints_secs": 20 * 60}, None, 1200),
        ({"save_checkpoints_secs": 0.5}, None, 0.5),
        ({"save_checkpoints_steps": None}, None, None),
        ({"save_checkpoints_secs": None}, None, None),
        ({"save_checkpoints_steps": None, "save_checkpoints_secs": None}, None, None),
        ({"save_checkpoints_steps": 0}, 0, None),
        ({"save_checkpoints_steps": None, "save_checkpoints_secs": 5}, None, 5),
    ],
)
def test_save_intervals(given, steps, secs):
    config = RunConfig(**given)
    assert (config.save_checkpoints_steps, config.save_checkpoints_secs) == (steps, secs)


def test_both_save_intervals_are_refused():
    with pytest.raises(ValueError, match="exclude each other: got 5 and 6"):
        RunConfig(save_checkpoints_steps=5, save_checkpoints_secs=6)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("model_dir", "", "a directory name that is not empty"),
        ("tf_random_seed", 1.5, "an int"),
        ("save_summary_steps", -1, "at least 0"),
        ("save_checkpoints_steps", -1, "at least 0"),
        ("save_checkpoints_secs", -1, "at least 0"),
        ("save_checkpoints_secs", "soon", "at least 0"),
        ("session_config", object(), "None: there are no sessions"),
        ("keep_checkpoint_max", -1, "at least 0"),
        ("keep_checkpoint_every_n_hours", 0, "greater than 0"),
        ("log_step_count_steps", 0, "greater than 0"),
        ("train_distribute", object(), "None: training runs on one machine"),
        ("eval_distribute", object(), "None: evaluation runs on one machine"),
        ("experimental_distribute", object(), "None: training runs on one machine"),
        ("device_fn", lambda node: "", "exactly one argument called op"),
        ("device_fn", "cpu", "exactly one argument called op"),
        ("protocol", "http", '"grpc"'),
        ("experimental_max_worker_delay_secs", 1.5, "an int"),
        ("session_creation_timeout_secs", 0, "greater than 0"),
        ("durability", "none", "one of"),
        ("nonfinite", "ignore", "one of"),
        ("input_resume", "never", "one of"),
        ("num_threads", 0, "greater than 0"),
        ("max_failed_saves", 0, "greater than 0"),
        ("save_retries", -1, "at least 0"),
        ("save_retries", 1.5, "an int"),
        ("async_save", "yes", "True or False"),
        ("async_on_busy", "queue", "one of"),
        ("keep_best", ("accuracy", 0, "max"), "n greater than 0"),
        ("keep_best", ("accuracy", 3, "highest"), '"max" or "min"'),
        ("keep_best", ("", 3, "max"), "metric"),
        ("keep_best", "accuracy", "metric"),
        ("break_lock", "yes", "True or False"),
    ],
)
def test_a_value_against_the_rule_names_field_and_value(field, value, words):
    for make in (RunConfig, RunConfig().replace):
        with pytest.raises(ValueError, match=field) as caught:
            make(**{field: value})
        assert words in str(caught.value)
        assert repr(value) in str(caught.value)


def test_values_at_the_edge_are_accepted():
    RunConfig(
        save_summary_steps=0,
        keep_checkpoint_max=0,
        log_step_count_steps=None,
        device_fn=lambda op: "",
        protocol="grpc+verbs",
        tf_random_seed=-3,
    )


def test_path_objects_become_text():
    assert RunConfig(pathlib.Path("models/iris")).model_dir == "models/iris"
    assert RunConfig().replace(model_dir=pathlib.Path("x")).model_dir == "x"


@pytest.mark.parametrize(
    ("start", "change", "steps", "secs"),
    [
        ({}, {"save_checkpoints_steps": 3}, 3, None),
        ({"save_checkpoints_steps": 3}, {"save_checkpoints_secs": 9}, None, 9),
        ({}, {"save_checkpoints_steps": None}, None, 600),
        ({"save_checkpoints_steps": 3}, {"save_checkpoints_secs": None}, 3, None),
        ({}, {"save_checkpoints_secs": None}, None, None),
        ({"save_checkpoints_steps": 3}, {"keep_checkpoint_max": 1}, 3, None),
    ],
)
def test_replace_of_intervals(start, change, steps, secs):
    config = RunConfig(**start).replace(**change)
    assert (config.save_checkpoints_steps, config.save_checkpoints_secs) == (steps, secs)


def test_replace_leaves_the_original_alone():
    config = RunConfig(tf_random_seed=1)
    assert config.replace(tf_random_seed=2).tf_random_seed == 2
    assert config.tf_random_seed == 1


@pytest.mark.parametrize("name", ["master", "task_type", "_task", "nonsense"])
def test_replace_of_other_names_lists_the_allowed(name):
    with pytest.raises(ValueError, match=r"cannot be replaced.*'keep_checkpoint_max'"):
        RunConfig().replace(**{name: 1})


def test_replace_of_both_intervals_is_refused():
    with pytest.raises(ValueError, match="exclude each other"):
        RunConfig().replace(save_checkpoints_steps=1, save_checkpoints_secs=1)


CLUSTER = {"chief": ["c:1"], "worker": ["w:1", "w:2"], "ps": ["p:1"]}


def properties(config):
    return (
        config.task_id,
        config.master,
        config.is_chief,
        config.num_ps_replicas,
        config.num_worker_replicas,
        config.global_id_in_cluster,
        bool(config.cluster_spec),
    )


@pytest.mark.parametrize(
    ("tf_config", "expected"),
    [
        (None, (0, "", True, 0, 1, 0, False)),
        ({"session_master": "grpc://m"}, (0, "grpc://m", True, 0, 1, 0, False)),
        (
            {"cluster": CLUSTER, "task": {"type": "chief", "index": 0}},
            (0, "grpc://c:1", True, 1, 3, 0, True),
        ),
        (
            {"cluster": CLUSTER, "task": {"type": "worker", "index": "1"}},
            (1, "grpc://w:2", False, 1, 3, 2, True),
        ),
        (
            {"cluster": CLUSTER, "task": {"type": "ps", "index": 0}},
            (0, "grpc://p:1", False, 1, 3, 3, True),
        ),
        (
            {"cluster": CLUSTER, "task": {"type": "evaluator", "index": 0}},
            (0, "", False, 0, 0, None, False),
        ),
        (
            {"cluster": {"chief": ["c:1"]}, "task": {"type": "chief", "index": 0}},
            (0, "", True, 0, 1, 0, True),
        ),
    ],
)
def test_tf_config(monkeypatch, tf_config, expected):
    if tf_config is None:
        monkeypatch.delenv("TF_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TF_CONFIG", json.dumps(tf_config))
    assert properties(RunConfig()) == expected


@pytest.mark.parametrize(
    ("tf_config", "words"),
    [
        ({"task": {"type": "evaluator", "index": 0}}, 'without "cluster"'),
        ({"task": {"type": "worker", "index": 1}}, "index must be 0, got 1"),
        ({"cluster": {"worker": ["w"]}, "task": {"type": "worker", "index": 0}}, 'one "chief"'),
        (
            {"cluster": {"chief": ["a", "b"]}, "task": {"type": "chief", "index": 0}},
            'one "chief"',
        ),
        ({"cluster": CLUSTER}, "type and index"),
        ({"cluster": CLUSTER, "task": {"type": "worker", "index": -1}}, "at least 0, got -1"),
        ({"cluster": CLUSTER, "task": {"type": "worker", "index": 2}}, "below 2, got 2"),
        ({"cluster": CLUSTER, "task": {"type": "master", "index": 0}}, "not in the cluster"),
        (
            {"cluster": {"master": ["m"]}, "task": {"type": "evaluator", "index": 0}},
            'needs a "chief"',
        ),
        ({"model_dir": ""}, "must not be empty"),
        ([], "JSON object"),
    ],
)
def test_a_wrong_tf_config_says_what_is_wrong(monkeypatch, tf_config, words):
    monkeypatch.setenv("TF_CONFIG", json.dumps(tf_config))
    with pytest.raises(ValueError, match=words):
        RunConfig()


def test_tf_config_that_is_no_json(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(json.JSONDecodeError):
        RunConfig()


def test_tf_config_service_must_be_an_object(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"service": 1}))
    with pytest.raises(TypeError, match="service"):
        RunConfig()


def test_model_dir_of_tf_config(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"model_dir": "a"}))
    assert RunConfig().model_dir == "a"
    assert RunConfig("a").model_dir == "a"
    with pytest.raises(ValueError, match="the argument is 'b', TF_CONFIG says 'a'"):
        RunConfig("b")
