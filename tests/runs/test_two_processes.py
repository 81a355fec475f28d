"""A training of two processes is one run, with one sentence, one bar and the images of both."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = f"""
import sys
from pathlib import Path
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from conftest import WANDB, TinyData, TinyModule
from pytorch_lightning import Trainer
from fdemd.runs.loggers import open_log
from fdemd.runs.quiet import quiet_lightning
from fdemd.runs.callbacks import training_callbacks
from fdemd.settings.running import Logger
quiet_lightning()
folder = Path(sys.argv[1])
with open_log(Logger(**WANDB), folder, "train", {{}}) as log:
    trainer = Trainer(
        accelerator="cpu", strategy="ddp", devices=2, max_steps=2, logger=log.loggers, log_every_n_steps=1,
        callbacks=training_callbacks(log), enable_checkpointing=False, enable_model_summary=False,
    )
    trainer.fit(TinyModule(), TinyData())
"""


def test_two_processes_are_one_run(offline_runs, tmp_path: Path) -> None:
    folder, script = tmp_path / "run", tmp_path / "train.py"
    folder.mkdir()
    script.write_text(SCRIPT)
    environment = os.environ | {"WANDB_MODE": "offline", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    (run,) = offline_runs(folder)
    assert run.exit_code == 0
    assert [line["trainer/global_step"] for line in run.history if "train/loss" in line] == [0, 1]
    assert {path.name for path in folder.iterdir()} == {"inputs.png", "wandb"}
    assert done.stdout.count("Figures are kept for W&B") == 1
    assert done.stdout.count("step 2/2") == 1
