"""Each board gets its packages and NVIDIA's torch in an environment of its own, or is told what it lacks."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.jetson_setup.imitated_board import ROOT, position

R32_WHEEL = "torch-1.10.0-cp36-cp36m-linux_aarch64.whl"


def test_a_tx2_gets_packages_then_nvidias_torch_then_the_harness(tx2):
    status, out, err = tx2.setup()
    assert (status, err) == (0, "")
    assert "tegra186, L4T R32.7.1, compute capability 6.2" in out
    calls = tx2.calls
    order = [
        position(calls, "apt-get install -y", "libopenblas-dev", "cuda-toolkit-10-2 libcudnn8"),
        position(calls, "python3 -m venv --clear --system-site-packages"),
        position(calls, "pip install pip==21.3.1 setuptools==59.6.0 wheel==0.37.1"),
        position(calls, "wget", R32_WHEEL),
        position(calls, "pip install", R32_WHEEL),
        position(calls, "git clone", "v0.11.1"),
        position(calls, "pip install --no-build-isolation --no-deps"),
        position(calls, "pip install --constraint", "--editable"),
    ]
    assert order == sorted(order)
    assert {call.split()[0] for call in tx2.as_root} == {"apt-get", "usermod", "udevadm", "mkdir", "tee", "chmod"}
    assert "log out and in again" in out and out.endswith("harness doctor\n")


def test_openblas_is_told_the_core_in_the_shell_and_at_every_start_of_python(tx2):
    tx2.setup()
    assert (tx2.venv / "bin/activate").read_text() == "export OPENBLAS_CORETYPE=ARMV8\n"
    hook = (tx2.venv / "lib/site-packages/openblas_coretype.pth").read_text()
    assert hook.startswith("import ") and len(hook.splitlines()) == 1  # the form that Python runs at start
    environment = {"PATH": os.environ["PATH"]}
    code = hook + "print(os.environ['OPENBLAS_CORETYPE'])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout == "ARMV8\n"


@pytest.mark.parametrize(
    "tree, python_tag, wheel, vision, capability",
    [
        ("Nano-R32", "cp36", "torch-1.10.0-cp36", "v0.11.1", "5.3"),
        ("XavierNX-R35", "cp38", "torch-2.1.0a0", "v0.16.1", "7.2"),
        ("OrinNano-R36", "cp310", "torch-2.5.0a0", "v0.20.0", "8.7"),
    ],
)
def test_each_generation_gets_its_own_torch(world, tree, python_tag, wheel, vision, capability):
    board = world(tree, python_tag)
    status, out, err = board.setup()
    assert (status, err) == (0, "")
    assert f"compute capability {capability}" in out
    position(board.calls, "wget", wheel)
    position(board.calls, "git clone", vision)
    assert any(call.startswith(f"python - {capability}") for call in board.calls)
    assert any("libcusparseLt.so" in name for name in board.files()) == (tree == "OrinNano-R36")
    assert ("numpy<2" in "\n".join(board.calls)) == (python_tag != "cp36")


def test_an_environment_left_half_made_by_an_interrupted_run_is_made_anew(tx2):
    (tx2.venv / "bin").mkdir(parents=True)
    shutil.copy(str(ROOT / "tests/setup/stub"), str(tx2.venv / "bin/python"))
    assert tx2.setup()[0] == 0
    position(tx2.calls, "python3 -m venv --clear")


def test_a_wheel_of_ones_own_is_used_instead_of_a_download(tx2, tmp_path):
    wheel = tmp_path / "torch-1.9.0-cp36-cp36m-linux_aarch64.whl"
    wheel.touch()
    status, _, _ = tx2.setup("--torch-wheel", str(wheel))
    assert status == 0
    position(tx2.calls, "pip install", str(wheel))
    position(tx2.calls, "git clone", "v0.10.0")
    assert not any(call.startswith("wget") for call in tx2.calls)


def test_a_torch_without_cuda_stops_everything_after_it(tx2):
    tx2.write("torch-trouble", "torch 1.10.0 sees no CUDA device\n")
    status, _, err = tx2.setup()
    assert status == 1 and "sees no CUDA device" in err and "--torch-wheel" in err
    assert not any("--editable" in call for call in tx2.calls)


def test_no_torchvision_builds_none(tx2):
    status, _, _ = tx2.setup("--no-torchvision")
    assert status == 0 and not any(call.startswith("git") for call in tx2.calls)


def test_little_memory_brings_advice_before_the_long_build(tx2):
    (tx2.root / "proc/meminfo").write_text("MemTotal:        4051000 kB\nSwapTotal:             0 kB\n")
    _, out, _ = tx2.setup()
    assert "needs swap" in out and "swapon" in out


def test_an_unknown_torchvision_is_left_to_the_user(tx2, tmp_path):
    wheel = tmp_path / "torch-1.8.0-cp36-cp36m-linux_aarch64.whl"
    wheel.touch()
    status, out, _ = tx2.setup("--torch-wheel", str(wheel))
    assert status == 0 and "belongs to torch 1.8.0" in out


def test_the_wrong_python_is_refused_before_a_download(tx2):
    tx2.write("python-tag", "cp38")
    status, _, err = tx2.setup()
    assert status == 1 and "cp38" in err and R32_WHEEL in err
    assert not any(call.startswith("wget") for call in tx2.calls)


def test_the_release_can_come_from_the_package_or_by_hand(tx2):
    (tx2.root / "etc/nv_tegra_release").unlink()
    tx2.write("l4t-core", "32.7.6-20241104234540")
    assert "L4T R32.7.6," in tx2.setup("--dry-run")[1]
    assert "L4T R32.6.1," in tx2.setup("--dry-run", L4T_VERSION="32.6.1")[1]


def test_a_release_without_a_known_torch_asks_for_a_wheel(world):
    status, _, err = world("OrinNano-R36", "cp312").setup(L4T_VERSION="39.0.0")
    assert status == 1 and "R39.0.0" in err and "--torch-wheel FILE" in err
