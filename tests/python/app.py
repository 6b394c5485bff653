"""An agent in Python, as a stranger might write it: it works through Casemate's interfaces, uses Python's standard
library for the rest, and tries what it was not given. It says what came of each step, and judges nothing."""

import encodings.idna  # names are looked up with it, and only what is imported here is in the component
import json
import os
import random
import socket
import sys
import time

import wit_world
from componentize_py_types import Err
from wit_world.imports import clock, kv, log, sql, types
from wit_world.imports import random as seed


def attempt(action):
    """What an action came to: its value, the number of a refusal, or the name of Python's own error."""
    try:
        return {"ok": action()}
    except Err as error:
        return {"refused": error.value.code}
    except (OSError, ValueError) as error:
        return {"error": type(error).__name__, "errno": getattr(error, "errno", None), "words": str(error)}


def work(amount):
    """The tenant's rows and values, through the gates."""
    counted = sql.query("select count(*) from public.assessments where coalesce(score, 0) >= $1", [sql.Value_Integer(amount)])
    rows = counted.rows[0][0].value
    kv.set("python/rows", str(rows).encode())
    kept = kv.get("python/rows")
    log.emit(log.Level.INFO, f"counted {rows} rows")
    return {"rows": rows, "kept": kept.decode(), "runs": kv.add("python/runs", 1)}


def connect():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.connect(("127.0.0.1", 80))


def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"x", ("127.0.0.1", 53))


def scratch(directory):
    """Files where a scratch directory was granted."""
    os.mkdir(f"{directory}/notes")
    path = f"{directory}/notes/draft.txt"
    with open(path, "w", encoding="utf-8") as file:
        file.write("one line\n" * 100)
    os.rename(path, f"{directory}/notes/final.txt")
    with open(f"{directory}/notes/final.txt", encoding="utf-8") as file:
        lines = file.readlines()
    status = os.stat(f"{directory}/notes/final.txt")
    return {"lines": len(lines), "size": status.st_size, "listed": sorted(os.listdir(f"{directory}/notes"))}


def pause(seconds):
    """How long a wait took, by the run's own clock."""
    begun = time.monotonic()
    time.sleep(seconds)
    return time.monotonic() - begun


def outside(wanted):
    """What a deny-all WASI answers, family by family."""
    print("a line to standard output")
    print("a line to standard error", file=sys.stderr)
    sys.stdout.write("a line without its end")
    sys.stdout.flush()
    seconds = time.time()
    return {
        "environment": len(os.environ),
        "arguments": sys.argv[1:],
        "stdin": sys.stdin.read(),
        "time": seconds,
        "virtual": clock.now(),
        "slept": pause(0.005),
        "randomness": [os.urandom(8).hex(), random.SystemRandom().random(), seed.bytes(4).hex()],
        "file": attempt(lambda: open("/etc/passwd", encoding="utf-8").read()),
        "listing": attempt(lambda: os.listdir("/")),
        "connect": attempt(connect),
        "datagram": attempt(datagram),
        "name": attempt(lambda: socket.getaddrinfo("localhost", 80)),
        "scratch": attempt(lambda: scratch(wanted["scratch"])) if "scratch" in wanted else None,
        "waited": pause(wanted["wait"]) if "wait" in wanted else None,
    }


class WitWorld(wit_world.WitWorld):
    """The world of an agent."""

    def run(self, input: str) -> str:
        try:
            wanted = json.loads(input)
            report = {"done": work(wanted["amount"])}
        except Err as error:
            raise Err(wit_world.Failure_Refused(error.value)) from error
        except (KeyError, ValueError) as error:
            raise Err(wit_world.Failure_InvalidInput(str(error))) from error
        if wanted.get("exit"):
            sys.exit(wanted["exit"])
        if wanted.get("outside"):
            report["outside"] = outside(wanted)
        return json.dumps(report)
