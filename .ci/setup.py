"""Sets up the checkout; the Makefile calls it. Standard library only, and no syntax that Python 3.6 could not read.

python3 .ci/setup.py app      makes .venv and installs what the app needs
python3 .ci/setup.py dev      the same, and what the tests need
python3 .ci/setup.py browser  finds or installs the Chromium that the browser tests drive
python3 .ci/setup.py dry-run  what an install would bring; exit 1 when it names what must not come along
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
CONSTRAINTS = os.path.join(ROOT, "constraints.txt")
TORCH_CPU = "https://download.pytorch.org/whl/cpu"
DISK_BYTES = 4 * 10**9
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNWANTED = re.compile(r"^(opencv-python|torchvision|nvidia-.*)$")  # each breaks or bloats a CPU install


def fail(problem, remedy):
    sys.exit(f"{problem}. Remedy: {remedy}")


def run(*command):
    """Runs a command and ends this script with its exit status when it fails."""
    status = subprocess.call(command, cwd=ROOT)
    if status:
        sys.exit(status)


def check_machine():
    if sys.version_info < (3, 11):  # noqa: UP036 (this is where an older one is told)
        fail(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old",
            "install Python 3.11 or newer, then: make run PYTHON=python3.11",
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail("Python's venv module is missing", "sudo apt-get install python3-venv")
    free = shutil.disk_usage(ROOT).free
    if free < DISK_BYTES:
        fail("%.1f GB of disk are free here and 4 GB are needed" % (free / 1e9), "free some space, or clone elsewhere")


def has_nvidia():
    """True when an NVIDIA GPU answers: then torch's own CUDA build and faiss-gpu are wanted."""
    if not shutil.which("nvidia-smi"):
        return False
    listed = subprocess.run(["nvidia-smi", "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return listed.returncode == 0 and b"GPU" in listed.stdout


def pip(*arguments):
    return [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-c", CONSTRAINTS, *arguments]


def torch_step(gpu):
    """Torch alone: its own index is asked for nothing else, and shortly, for without it the usual one must do."""
    return pip("torch") if gpu else pip("-q", "--retries", "0", "--extra-index-url", TORCH_CPU, "--no-deps", "torch")


def fingerprint(extras):
    """Changes when an install would bring something else."""
    digest = hashlib.sha256(extras.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def stamp_of(extras):
    return os.path.join(VENV, "folioscope-" + extras.replace(",", "-"))


def stamped(stamp, wanted):
    try:
        with open(stamp) as file:
            return file.read() == wanted
    except OSError:
        return False


def install(dev):
    """Nothing to do, and quick, when the stamp says that this very install is there."""
    if not os.path.exists(PYTHON):
        check_machine()
    gpu = has_nvidia()
    app = "gpu" if gpu else "cpu"
    with_tests = app + ",dev"
    extras = with_tests if dev else app
    done = [extra for extra in (with_tests, app) if stamped(stamp_of(extra), fingerprint(extra))]
    if with_tests in done or extras in done:
        return
    if not os.path.exists(PYTHON):
        size = "several GB for CUDA" if gpu else "about 0.7 GB (2.5 GB on disk)"
        print(f"First start: downloading {size} into .venv, a few minutes.", flush=True)
        run(sys.executable, "-m", "venv", VENV)
    print("Installing torch (1 of 2) …", flush=True)
    run(*torch_step(gpu))
    print("Installing Folioscope and what it needs (2 of 2) …", flush=True)
    run(*pip("-e", f"{ROOT}[{extras}]"))
    with open(stamp_of(extras), "w") as file:
        file.write(fingerprint(extras))


def browser():
    """A Chromium on the path, else Debian's when root, else playwright's own; else the exact remedy."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        subprocess.call(["apt-get", "update", "-q"])
        packages = ["chromium", "fonts-dejavu"]
        subprocess.call(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=environment)
        if any(shutil.which(name) for name in BROWSERS):
            return
    if subprocess.call([PYTHON, "-m", "playwright", "install", "chromium"]) != 0:
        fail("The browser tests need a Chromium and none could be installed", "sudo apt-get install chromium")


def dry_run():
    """The names that `pip install .[cpu]` would bring into an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        index = ("-q", "--retries", "0", "--extra-index-url", TORCH_CPU)
        run(*pip(*index, "--dry-run", "--ignore-installed", "--report", report, ROOT + "[cpu]"))
        with open(report) as file:
            rows = json.load(file)["install"]
    names = sorted(re.sub(r"[-_.]+", "-", row["metadata"]["name"]).lower() for row in rows)
    print("\n".join(names))
    unwanted = [name for name in names if UNWANTED.match(name)]
    if unwanted:
        fail(f"The CPU install would bring {', '.join(unwanted)}", "see constraints.txt: keep the pinned torch")


def main(command):
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    if command in ("app", "dev"):
        install(dev=command == "dev")
    elif command == "browser":
        browser()
    elif command == "dry-run":
        dry_run()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
