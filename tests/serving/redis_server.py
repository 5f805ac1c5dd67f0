"""A real Redis server of the tests' own."""

import shutil
import socket
import subprocess
import time

import pytest
import redis


class RedisServer:
    """A Redis server that keeps its keys through a crash, on a port that stays the same."""

    def __init__(self, folder):
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not on PATH: run scripts/install_redis.sh")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)]
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self._command = [program, *place, *durable, "--logfile", str(folder / "redis.log")]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command)
        deadline = time.monotonic() + 20
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
                return
            except (redis.ConnectionError, redis.BusyLoadingError):
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait(20)
