"""Writes exports/: models and what they predict, as Estimator.predict gave it.

Run once, when format 1.0 was made; the folder is added to and never regenerated. Each export has a
file of cases beside it: rows of inputs, then outputs, floats as hexadecimal.
"""

import csv
import pathlib
import shutil
import tempfile

import numpy as np

import holdfast as hf
from holdfast import _tensor, layers, nn

FOLDER = pathlib.Path(__file__).parent / "exports"
IRIS = pathlib.Path(hf.__file__).parent / "cli" / "iris.csv"


def hex_of(values: np.ndarray) -> str:
    return " ".join(float(v).hex() for v in np.ravel(values))


def keep(written: bytes, name: str) -> None:
    shutil.copytree(written.decode(), FOLDER / name)


def iris(model_dir: str) -> None:
    """DNNClassifier of the tutorials: four features, three classes by name."""
    with IRIS.open() as file:
        rows = list(csv.reader(file))[1:]
    names = ("SepalLength", "SepalWidth", "PetalLength", "PetalWidth")
    x = {k: np.array([row[i] for row in rows], np.float32) for i, k in enumerate(names)}
    labels = sorted({row[-1] for row in rows})
    y = np.array([labels.index(row[-1]) for row in rows])
    estimator = hf.estimator.DNNClassifier(
        hidden_units=[10, 10],
        feature_columns=[hf.feature_column.numeric_column(k) for k in names],
        n_classes=3,
        label_vocabulary=labels,
        model_dir=model_dir,
        config=hf.estimator.RunConfig(tf_random_seed=1, log_step_count_steps=None),
    )
    text = np.array(labels)[y]
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices((x, text)).shuffle(150).repeat().batch(32),
        steps=300,
    )
    receiver = hf.estimator.export.build_raw_serving_input_receiver_fn(x)
    keep(estimator.export_saved_model(model_dir + "/export", receiver), "iris")
    got = list(estimator.predict(lambda: hf.data.Dataset.from_tensor_slices(x).batch(32)))
    lines = [
        f"{hex_of([x[k][i] for k in names])} {hex_of(got[i]['probabilities'])} "
        f"{got[i]['classes'][0].decode()}"
        for i in range(len(y))
    ]
    (FOLDER / "iris.txt").write_text("\n".join(lines) + "\n")


WORDS = [b"word %d" % i for i in range(98)] + [b"\xff\xfe", b""]


def words_model(features: dict, labels: object, mode: str) -> object:
    """A vocabulary that is no UTF-8, and numbers that JSON does not have."""
    ids = _tensor.apply("vocabulary_lookup", [features["word"]], {"vocabulary": WORDS})
    net = layers.dense(hf.one_hot(ids, len(WORDS)), 8, activation=nn.relu, name="embedding")
    scale = hf.constant(np.array([1.5, -2.0, np.inf, 0.1] * 2, np.float32))
    out = {"scaled": hf.minimum(net * scale, 3.0), "ids": ids}
    if mode == hf.estimator.ModeKeys.PREDICT:
        return hf.estimator.EstimatorSpec(mode, predictions=out)
    loss = hf.reduce_sum(hf.square(net - 1.0))
    step = hf.train.GradientDescentOptimizer(0.1).minimize(loss, hf.train.get_global_step())
    return hf.estimator.EstimatorSpec(mode, loss=loss, train_op=step)


def words(model_dir: str) -> None:
    """Strings in, strings that are no UTF-8 inside."""
    x = np.array([*WORDS[::7], b"\xff\xfe", b"never seen"], object)
    config = hf.estimator.RunConfig(tf_random_seed=2, log_step_count_steps=None)
    estimator = hf.estimator.Estimator(words_model, model_dir=model_dir, config=config)
    estimator.train(
        lambda: hf.data.Dataset.from_tensor_slices({"word": x}).repeat().batch(4), steps=20
    )
    receiver = hf.estimator.export.build_raw_serving_input_receiver_fn({"word": x})
    keep(estimator.export_saved_model(model_dir + "/export", receiver), "words")
    got = list(estimator.predict(lambda: hf.data.Dataset.from_tensor_slices({"word": x}).batch(4)))
    lines = [
        f"{x[i].hex() or '-'} {got[i]['ids']} {hex_of(got[i]['scaled'])}" for i in range(len(x))
    ]
    (FOLDER / "words.txt").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Writes each that is not there yet."""
    FOLDER.mkdir(exist_ok=True)
    for make in (iris, words):
        if not (FOLDER / make.__name__).exists():
            with tempfile.TemporaryDirectory() as model_dir:
                make(model_dir)


if __name__ == "__main__":
    main()
