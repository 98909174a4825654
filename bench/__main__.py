"""`make bench`: prints each target of the table below beside what was measured, as ratios within one run.

    python -m bench             everything; ROWS=10000000 ORGS=1000 of the environment say how large
    python -m bench Q1 A1       these only

Each benchmark is a program of its own, `python -m bench.<module>`, because Django reads its settings once. It prints
what it measured and ends with 1 when it missed its target. What it needs it starts itself, under `.data/bench`.
"""

import subprocess
import sys

BENCHMARKS = {
    "P1": "bench.sweep",
    "P2": "bench.poll_cpu",
    "I1": "bench.ingest",
    "Q1": "bench.feed_size",
    "Q2": "bench.feed_depth",
    "A1": "bench.feed_cpu",
    "A2": "bench.feed_cpu",
    "overlaps": "bench.overlap_radar",
    "simulator": "bench.simulator",
}


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are: {', '.join(BENCHMARKS)}")
        return 2
    modules = dict.fromkeys(BENCHMARKS[name] for name in names or BENCHMARKS)
    missed = [module for module in modules if subprocess.run([sys.executable, "-m", module], check=False).returncode]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
