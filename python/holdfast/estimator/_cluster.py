"""What the TF_CONFIG environment variable says of this process, as a value."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

_CHIEF, _EVALUATOR, _LEGACY_CHIEF, _PS, _WORKER = "chief", "evaluator", "master", "ps", "worker"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """The task of this process. Without a cluster: the only worker, which is the chief.

    Source: the read-only properties of tf.estimator.RunConfig.
    """

    task_type: str = _WORKER
    task_id: int = 0
    cluster: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    master: str = ""
    evaluation_master: str = ""
    is_chief: bool = True
    num_ps_replicas: int = 0
    num_worker_replicas: int = 1
    global_id_in_cluster: int | None = 0
    service: Mapping[str, Any] | None = None
    model_dir: str | None = None


def parse_tf_config(text: str) -> TaskConfig:
    """Returns the task that the JSON of TF_CONFIG describes.

    Args:
      text: The value of the variable; "" means that it is not set.

    Raises:
      ValueError: invalid JSON, or a task that the cluster does not have.
      TypeError: "service" is not a JSON object.
    """
    if not text:
        return TaskConfig()
    config = json.loads(text)
    if not isinstance(config, dict):
        raise ValueError(f"TF_CONFIG: expected a JSON object, got {text!r}")
    service = config.get("service")
    if service is not None and not isinstance(service, dict):
        raise TypeError(f'TF_CONFIG: "service" must be a JSON object, got {service!r}')
    model_dir = config.get("model_dir")
    if model_dir == "":
        raise ValueError('TF_CONFIG: "model_dir" must not be empty')
    common = {"service": service, "model_dir": model_dir}
    cluster = _cluster(config.get("cluster"))
    task = config.get("task") or {}
    if not cluster:
        return _local_task(config, task, common)
    return _cluster_task(config, cluster, task, common)


def _cluster(value: Any) -> dict[str, tuple[str, ...]]:
    if not value:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f'TF_CONFIG: "cluster" must map task types to addresses, got {value!r}')
    return {job: tuple(addresses) for job, addresses in value.items()}


def _local_task(
    config: Mapping[str, Any], task: Mapping[str, Any], common: Mapping[str, Any]
) -> TaskConfig:
    task_type = task.get("type", _WORKER)
    if task_type != _WORKER:
        raise ValueError(
            'TF_CONFIG: without "cluster" the task type must be "worker", '
            f"got {task_type!r}; give the cluster or leave the task out"
        )
    if int(task.get("index", 0)) != 0:
        raise ValueError(
            f'TF_CONFIG: without "cluster" the task index must be 0, got {task["index"]}'
        )
    return TaskConfig(
        master=config.get("session_master", ""),
        evaluation_master=config.get("eval_session_master", ""),
        **common,
    )


def _cluster_task(
    config: Mapping[str, Any],
    cluster: Mapping[str, tuple[str, ...]],
    task: Mapping[str, Any],
    common: Mapping[str, Any],
) -> TaskConfig:
    chief = _chief_job(cluster)
    task_type, index = _task_of(cluster, task)
    if task_type == _EVALUATOR:
        if chief == _LEGACY_CHIEF:
            raise ValueError(
                'TF_CONFIG: "evaluator" needs a "chief" job; this cluster has "master"'
            )
        return TaskConfig(
            task_type=task_type,
            task_id=index,
            is_chief=False,
            num_worker_replicas=0,
            global_id_in_cluster=None,
            evaluation_master=config.get("eval_session_master", ""),
            **common,
        )
    alone = sum(len(addresses) for addresses in cluster.values()) == 1
    default_master = "" if alone else f"grpc://{cluster[task_type][index]}"
    return TaskConfig(
        task_type=task_type,
        task_id=index,
        cluster=cluster,
        master=config.get("session_master", default_master),
        evaluation_master=config.get("eval_session_master", ""),
        is_chief=task_type == chief,
        num_ps_replicas=len(cluster.get(_PS, ())),
        num_worker_replicas=len(cluster.get(_WORKER, ())) + 1,
        global_id_in_cluster=_global_id(cluster, chief, task_type, index),
        **common,
    )


def _chief_job(cluster: Mapping[str, Sequence[str]]) -> str:
    jobs = [job for job in (_CHIEF, _LEGACY_CHIEF) if job in cluster]
    if len(jobs) != 1 or len(cluster[jobs[0]]) != 1:
        found = {job: len(cluster[job]) for job in jobs} or "none"
        raise ValueError(f'TF_CONFIG: "cluster" must have exactly one "chief" node, got {found}')
    return jobs[0]


def _task_of(cluster: Mapping[str, Sequence[str]], task: Mapping[str, Any]) -> tuple[str, int]:
    task_type, index = task.get("type"), task.get("index")
    if not task_type or index is None:
        raise ValueError(f'TF_CONFIG: a cluster needs "task" with type and index, got {dict(task)}')
    index = int(index)
    if index < 0:
        raise ValueError(f"TF_CONFIG: the task index must be at least 0, got {index}")
    if task_type == _EVALUATOR:
        return task_type, index
    if task_type not in cluster:
        raise ValueError(
            f"TF_CONFIG: task type {task_type!r} is not in the cluster, which has {sorted(cluster)}"
        )
    if index >= len(cluster[task_type]):
        raise ValueError(
            f"TF_CONFIG: the index of {task_type!r} must be below {len(cluster[task_type])}, "
            f"got {index}"
        )
    return task_type, index


def _global_id(cluster: Mapping[str, Sequence[str]], chief: str, task_type: str, index: int) -> int:
    # The chief first, then the other types by name, parameter servers last.
    others = sorted(job for job in cluster if job not in (chief, _PS, _EVALUATOR))
    order = [chief, *others, *([_PS] if _PS in cluster else [])]
    before = order[: order.index(task_type)]
    return sum(len(cluster[job]) for job in before) + index
