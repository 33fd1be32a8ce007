"""The first answer of a fresh process, as JSON.

    python -m benchmarks.workshop.programs.cold_start PHOTO BUNDLE THREADS

Nothing may be imported here that the command line does not import: it would be counted. BUNDLE "" is the one in the
package, THREADS 0 the engine's own choice.
"""

import json
import sys
import time

if __name__ == "__main__":
    photo, bundle, threads = sys.argv[1:]
    began = time.perf_counter()
    import onnxruntime  # noqa: F401  (the engine would import it later)

    from runtime.assess import Triage

    imported = time.perf_counter()
    triage = Triage.load(bundle or None, threads=int(threads) or None)
    opened = time.perf_counter()
    triage.assess(photo)
    answered = time.perf_counter()
    times = {"imports": imported - began, "session": opened - imported, "first_answer": answered - opened}
    print(json.dumps({name: 1e3 * seconds for name, seconds in times.items()}))
