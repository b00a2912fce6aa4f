#!/usr/bin/python3
"""A PostgreSQL cluster that fails over, on this machine, for as long as one command runs.

Three nodes under Patroni, with synchronous replication, and etcd, all on free ports of 127.0.0.1
and in one temporary directory. What the command needs is in its environment:

    LAB_STORE     the address of the cluster, as `muster serve --store` takes it
    LAB_PATRONI   the addresses of Patroni's REST interfaces, separated by blanks
    LAB_DIR       the directory: nodes in `node1`, `node2`, `node3`, logs in `*.log`

It needs Debian's `patroni`, `etcd-server` and `postgresql`, of which no service has to run.
PostgreSQL does not run as root: whoever is root names a user with --user. Whatever happens, only
what was started here is ended.
"""

import argparse
import contextlib
import glob
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

NODES = 3
DATABASE = "muster"
# How long the cluster may take to come up, and its parts to end. It is for a busy machine.
PATIENCE_S = 180
# Failover is fast: the leader's claim ends early, is looked at often, and a leader whose server
# died is not waited for. What Patroni demands is kept: loop_wait + 2 * retry_timeout <= ttl.
TUNING = {"ttl": 20, "loop_wait": 2, "retry_timeout": 5, "primary_start_timeout": 0}


class Failed(Exception):
    """The cluster is not there, and why."""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--user", default="postgres", help="whom servers run as, if you are root")
    parser.add_argument("--keep", action="store_true", help="leave the directory, with its logs")
    parser.add_argument("command", nargs="+", help="what to run")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Lab(options.user, options.keep) as lab:
            return subprocess.call(options.command, env={**os.environ, **lab.environment()})
    except Failed as failure:
        print(f"lab: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def free_ports(count):
    """Ports that nobody listens on. Another program may take one before it is used; then the part
    that wanted it says so in its log."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def postgres_binaries():
    """The directory of the newest PostgreSQL."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise Failed("there is no PostgreSQL in /usr/lib/postgresql: install postgresql")
    newest = max(found, key=lambda path: float(path.split("/")[4]))
    return os.path.dirname(newest)


class Lab:
    """The cluster."""

    def __init__(self, user, keep):
        for program, package in (("etcd", "etcd-server"), ("patroni", "patroni")):
            if shutil.which(program) is None:
                raise Failed(f"there is no {program}: install {package}")
        self.user = pwd.getpwnam(user) if os.geteuid() == 0 else None
        self.keep = keep
        self.binaries = postgres_binaries()
        self.processes = []
        roles = ("postgres", "replicator", DATABASE)
        self.passwords = {role: secrets.token_hex(16) for role in roles}
        ports = free_ports(2 + 2 * NODES)
        self.etcd_ports, self.rest_ports = ports[:2], ports[2 : 2 + NODES]
        self.postgres_ports = ports[2 + NODES :]

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="muster-lab-")
        self.own(self.directory)
        try:
            self.start_etcd()
            for number in range(1, NODES + 1):
                self.start_node(number)
            self.wait()
            self.make_database()
        except BaseException:
            self.keep = True
            self.__exit__()
            print(f"lab: the logs are in {self.directory}", file=sys.stderr)
            raise
        return self

    def __exit__(self, *_):
        # Patroni stops its server when it ends. etcd goes last: without it, they would wait for it.
        for process in reversed(self.processes[1:]):
            end(process)
        for number in range(1, NODES + 1):
            self.end_postgres(number)
        for process in self.processes[:1]:
            end(process)
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def environment(self):
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.postgres_ports)
        credentials = f"{DATABASE}:{self.passwords[DATABASE]}"
        store = f"postgres://{credentials}@{hosts}/{DATABASE}?target_session_attrs=read-write"
        return {
            "LAB_STORE": store,
            "LAB_PATRONI": " ".join(f"http://127.0.0.1:{port}" for port in self.rest_ports),
            "LAB_DIR": self.directory,
        }

    def own(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def start(self, name, *command):
        """Starts a part, as the other user if there is one, out of the terminal's reach."""
        log = open(os.path.join(self.directory, f"{name}.log"), "ab")
        other = {}
        if self.user:
            other = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        environment = {"PATH": os.environ["PATH"], "HOME": self.directory, "LC_ALL": "C.UTF-8"}
        with log:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **other,
            )
        self.processes.append(process)

    def start_etcd(self):
        clients, peers = (f"http://127.0.0.1:{port}" for port in self.etcd_ports)
        self.start(
            *("etcd", "etcd", "--name=lab", f"--data-dir={self.directory}/etcd"),
            *(f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"),
            *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
            f"--initial-cluster=lab={peers}",
        )

    def start_node(self, number):
        name = f"node{number}"
        path = os.path.join(self.directory, f"{name}.yml")
        # JSON is YAML.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            json.dump(self.configuration(number), file, indent=2)
        self.own(path)
        self.start(name, "patroni", path)

    def configuration(self, number):
        name, rest = f"node{number}", f"127.0.0.1:{self.rest_ports[number - 1]}"
        address = f"127.0.0.1:{self.postgres_ports[number - 1]}"

        def role(user):
            return {"username": user, "password": self.passwords[user]}

        return {
            "scope": "lab",
            "name": name,
            "restapi": {"listen": rest, "connect_address": rest},
            "etcd3": {"host": f"127.0.0.1:{self.etcd_ports[0]}"},
            "bootstrap": {
                "dcs": {**TUNING, "synchronous_mode": True, "postgresql": {"use_pg_rewind": True}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                "listen": address,
                "connect_address": address,
                "data_dir": f"{self.directory}/{name}",
                "bin_dir": self.binaries,
                "pgpass": f"{self.directory}/{name}.pgpass",
                "authentication": {
                    "superuser": role("postgres"),
                    "replication": role("replicator"),
                },
                "parameters": {
                    "unix_socket_directories": self.directory,
                    "password_encryption": "scram-sha-256",
                    "wal_log_hints": "on",
                },
                "pg_hba": [
                    "host all all 127.0.0.1/32 scram-sha-256",
                    "host replication replicator 127.0.0.1/32 scram-sha-256",
                ],
            },
        }

    def wait(self):
        until = time.monotonic() + PATIENCE_S
        patroni = self.environment()["LAB_PATRONI"].split()
        while not is_healthy(cluster(patroni)):
            for process in self.processes:
                if process.poll() is not None:
                    raise Failed(f"{process.args[0]} has ended with {process.returncode}")
            if time.monotonic() > until:
                raise Failed(f"the cluster did not come up: {cluster(patroni)}")
            time.sleep(0.5)

    def make_database(self):
        hosts = ",".join("127.0.0.1" for _ in self.postgres_ports)
        ports = ",".join(str(port) for port in self.postgres_ports)
        place = f"host={hosts} port={ports} user=postgres dbname=postgres"
        place += " target_session_attrs=read-write"
        password = self.passwords[DATABASE]
        statements = f"CREATE ROLE {DATABASE} LOGIN PASSWORD '{password}';\n"
        statements += f"CREATE DATABASE {DATABASE} OWNER {DATABASE};\n"
        made = subprocess.run(
            [f"{self.binaries}/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", place],
            input=statements,
            env={"PATH": os.environ["PATH"], "PGPASSWORD": self.passwords["postgres"]},
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise Failed(made.stderr.strip())

    def end_postgres(self, number):
        """Ends a server that its Patroni has left behind."""
        data = f"{self.directory}/node{number}"
        pid = postmaster(data)
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
            gone(pid)


def end(process):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def gone(pid):
    until = time.monotonic() + PATIENCE_S
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < until:
        time.sleep(0.05)


def postmaster(data):
    """The process of the server on a data directory, if it lives."""
    try:
        with open(f"{data}/postmaster.pid", encoding="utf-8") as file:
            pid = int(file.readline())
        # The number may be another program's by now.
        return pid if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(data) else None
    except (OSError, ValueError):
        return None


def cluster(patroni):
    """The members of the cluster, as the first of its nodes has them that answers."""
    for address in patroni:
        with contextlib.suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{address}/cluster", timeout=2) as answer:
                return json.load(answer).get("members", [])
    return []


def leader(members):
    """The name of the node that takes writes, if there is one."""
    names = [m["name"] for m in members if m["role"] == "leader" and m["state"] == "running"]
    return names[0] if names else None


def is_healthy(members):
    """Whether all nodes are there, one takes writes, and another has each of them before it is
    acknowledged."""
    well = [m for m in members if m["state"] in ("running", "streaming")]
    roles = [m["role"] for m in well]
    return len(well) == NODES and roles.count("leader") == 1 and "sync_standby" in roles


if __name__ == "__main__":
    sys.exit(main())
