#!/usr/bin/python3
"""Kills the primary of a cluster under a load of writes, and counts what became of them.

To be run by lab.py:

    drill/lab.py -- drill/failover.py --muster target/release/muster
    drill/lab.py -- drill/failover.py

With --muster the writes go through `muster serve --dev` on the cluster, else by SQL into a table
without any key, which keeps whatever is written twice. Every write has a mark of its own. A writer
that got no answer finds out what became of its write before it repeats it, as any client has to.

Reported are, for each kill, the longest time in which no write was acknowledged, and for all: how
many acknowledged writes are not there (which must be 0) and how many are there twice (likewise).
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from lab import PATIENCE_S, cluster, is_healthy, leader, postmaster

# Seconds of load before each kill, and after writes go on again.
CALM_S = 3
# How long a writer waits for one answer.
ANSWER_S = 10


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=3, help="how often the primary is killed")
    parser.add_argument("--writers", type=int, default=4, help="writers at a time")
    parser.add_argument("--muster", metavar="BINARY", help="have the writes made by this muster")
    options = parser.parse_args()
    if "LAB_STORE" not in os.environ:
        parser.error("run it by lab.py, which makes the cluster")
    target = Muster(options.muster) if options.muster else Table()
    try:
        load = Load(target, options.writers)
        for number in range(1, options.kills + 1):
            kill(load, number)
        load.stop()
        return report(load, target.stored())
    finally:
        target.close()


def kill(load, number):
    """Kills the primary's server under load, and tells how long no write was acknowledged."""
    patroni, directory = os.environ["LAB_PATRONI"].split(), os.environ["LAB_DIR"]
    wait("a healthy cluster", lambda: is_healthy(cluster(patroni)))
    began = time.monotonic()
    wait("writes", lambda: load.since(began) and time.monotonic() > began + CALM_S)
    primary = leader(cluster(patroni))
    pid = postmaster(f"{directory}/{primary}")
    if pid is None:
        sys.exit(f"failover: {primary} leads, but its server is not there")
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    wait("another primary", lambda: leader(cluster(patroni)) not in (primary, None))
    followed = time.monotonic()
    wait("writes", lambda: len(load.since(followed)) > 10)
    time.sleep(CALM_S)
    gap = longest_gap([killed, *load.since(killed)])
    next_one = leader(cluster(patroni))
    print(f"kill {number}: {primary}, then {next_one}; longest gap {gap:.1f} s", flush=True)


def wait(what, holds):
    until = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until:
            sys.exit(f"failover: in vain waited for {what}")
        time.sleep(0.05)


def longest_gap(times):
    return max(after - before for before, after in itertools.pairwise(times))


def report(load, stored):
    acknowledged = load.acknowledged
    lost = sum(1 for mark in acknowledged if mark not in stored)
    twice = sum(1 for times in stored.values() if times > 1)
    foreign = sum(1 for mark in stored if mark not in acknowledged)
    print(f"acknowledged {len(acknowledged)}, lost {lost}, twice {twice}")
    print(f"without an answer at first {load.unanswered}, of which {load.found} had been stored")
    if foreign:
        print(f"stored, and never acknowledged: {foreign}")
    return 1 if lost or twice else 0


class Load:
    """Writers that write as fast as they are answered."""

    def __init__(self, target, writers):
        self.target = target
        self.acknowledged = set()
        self.unanswered = 0
        self.found = 0
        self.times = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [
            threading.Thread(target=self.write, args=(number,), daemon=True)
            for number in range(writers)
        ]
        for thread in self.threads:
            thread.start()

    def write(self, number):
        session = self.target.session()
        for count in itertools.count():
            mark = f"drill-{number}-{count}"
            if not self.settle(session, mark):
                return

    def settle(self, session, mark):
        """Writes until the write is known to be stored. False: it is over, and it was not begun."""
        is_first = True
        while not self.over.is_set() or not is_first:
            try:
                was_there = session.write(mark, is_first)
            except session.ERRORS:
                with self.lock:
                    self.unanswered += is_first
                is_first = False
                session.renew()
                time.sleep(0.02)
                continue
            with self.lock:
                self.acknowledged.add(mark)
                self.times.append(time.monotonic())
                self.found += was_there
            return True
        return False

    def since(self, moment):
        with self.lock:
            return [at for at in self.times if at >= moment]

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
            if thread.is_alive():
                sys.exit("failover: a write is not settled")


class Table:
    """A table in the cluster, written by SQL."""

    def __init__(self):
        import psycopg2

        self.driver = psycopg2
        with self.session() as session:
            session.run("CREATE TABLE IF NOT EXISTS drill (mark text NOT NULL)")

    def session(self):
        return SqlSession(self.driver)

    def stored(self):
        with self.session() as session:
            return dict(session.run("SELECT mark, count(*) FROM drill GROUP BY mark"))

    def close(self):
        pass


class SqlSession:
    """One connection, made anew after whatever went wrong with it."""

    def __init__(self, driver):
        self.driver = driver
        self.ERRORS = (driver.Error,)
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.renew()

    def run(self, statement, *values):
        if self.connection is None:
            address = os.environ["LAB_STORE"] + "&connect_timeout=2&tcp_user_timeout=3000"
            self.connection = self.driver.connect(address)
            self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def write(self, mark, is_first):
        """Stores a mark. Whether it had been stored by an attempt that was not answered."""
        if not is_first and self.run("SELECT 1 FROM drill WHERE mark = %s", mark):
            return True
        self.run("INSERT INTO drill (mark) VALUES (%s)", mark)
        return False

    def renew(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Muster:
    """A development register on the cluster, written by HTTP."""

    def __init__(self, binary):
        self.directory = tempfile.TemporaryDirectory(prefix="muster-drill-")
        data = ["--data", self.directory.name, "--store", os.environ["LAB_STORE"]]
        self.history = [binary, "admin", "history", "--output", "json", *data]
        serve = [binary, "serve", "--dev", "--no-sample", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*serve, "--log", "error", *data], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        file = os.path.join(self.directory.name, "dev.env")
        wait("muster serve", lambda: os.path.exists(file) or self.process.poll() is not None)
        if self.process.poll() is not None:
            sys.exit("failover: muster serve has ended")
        with open(file, encoding="utf-8") as lines:
            environment = dict(line.rstrip("\n").split("=", 1) for line in lines)
        self.collection = environment["BASE_URL"] + "/deviceManagement/importedDeviceIdentities"
        self.token = environment["TOKEN"]

    def session(self):
        return HttpSession(self.collection, self.token)

    def stored(self):
        """How often the history has each mark."""
        told = subprocess.run(self.history, check=True, capture_output=True, text=True)
        times = {}
        for change in json.loads(told.stdout):
            mark = change["after"]["importedDeviceIdentifier"]
            times[mark] = times.get(mark, 0) + 1
        return times

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


class HttpSession:
    """A client that creates one identity a call."""

    ERRORS = (OSError,)

    def __init__(self, collection, token):
        self.collection = collection
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def write(self, mark, is_first):
        """Creates an identity. Whether an attempt that was not answered had created it."""
        body = json.dumps({"importedDeviceIdentifier": mark}).encode()
        request = urllib.request.Request(self.collection, body, self.headers)
        try:
            with self.opener.open(request, timeout=ANSWER_S):
                return False
        except urllib.error.HTTPError as error:
            # An OSError, too: 503 is no answer that settles anything.
            if error.code == 409 and not is_first:
                return True
            raise

    def renew(self):
        pass


if __name__ == "__main__":
    sys.exit(main())
