"""Makes iris_export/ and expected.txt: a DNNClassifier of 300 steps, and what it predicts.

Run once for a format version, never again: what is here must load for ever.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import holdfast as tf

HERE = Path(__file__).resolve().parent
SPECIES = ["setosa", "versicolor", "virginica"]
# The rows of predict.cpp.
ROWS = {
    "PetalLength": [1.4, 4.7, 6.0],
    "PetalWidth": [0.2, 1.4, 2.5],
    "SepalLength": [5.1, 7.0, 6.3],
    "SepalWidth": [3.5, 3.2, 3.3],
}


def main() -> None:
    table = pd.read_csv(HERE.parents[1] / "python" / "holdfast" / "cli" / "iris.csv")
    features = {key: table[key].to_numpy(np.float32) for key in ROWS}
    labels = table["Species"].to_numpy(str)

    def input_fn() -> Any:
        dataset = tf.data.Dataset.from_tensor_slices((features, labels))
        return dataset.shuffle(1000).repeat().batch(32)

    with tempfile.TemporaryDirectory() as folder:
        classifier = tf.estimator.DNNClassifier(
            feature_columns=[tf.feature_column.numeric_column(key) for key in ROWS],
            hidden_units=[10, 10],
            n_classes=3,
            label_vocabulary=SPECIES,
            model_dir=folder,
            config=tf.estimator.RunConfig(tf_random_seed=1),
        )
        classifier.train(input_fn, steps=300)
        receiver = tf.estimator.export.build_raw_serving_input_receiver_fn(
            {key: tf.TensorSpec([None], tf.float32) for key in ROWS}
        )
        exported = classifier.export_saved_model(f"{folder}/export", receiver)
        shutil.rmtree(HERE / "iris_export", ignore_errors=True)
        shutil.copytree(exported.decode(), HERE / "iris_export")
        rows = {key: np.array(values, np.float32) for key, values in ROWS.items()}
        lines = []
        for row in classifier.predict(
            lambda: tf.data.Dataset.from_tensor_slices(rows).batch(len(ROWS["PetalLength"]))
        ):
            bits = row["probabilities"].view(np.uint32)
            lines.append(" ".join([row["classes"][0].decode(), *(f"{b:08x}" for b in bits)]))
        (HERE / "expected.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
