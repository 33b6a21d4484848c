# A network between a process and a server, as bad as a test wants it.
import random
import socket
import threading
import time


class Proxy:
    """Listens on a port of its own and passes bytes on to another one. Thread safety: the switches
    are read by its threads at each piece."""

    def __init__(self, target):
        self.target = target
        self.delay = 0.0       # seconds, before each piece of an answer
        self.losses = 0.0      # how likely it is that a piece of an answer ends the connection
        self.is_cut = False    # nothing arrives, and nothing ends
        self.lost = 0          # answers
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self):
        """What was cut off ends, as after a time out, and new connections get through."""
        self.is_cut = False
        for one in self._open:
            _end(one)
        self._open = []

    def close(self):
        self._listener.close()
        self.heal()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self._wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _end(client)
            return
        self._open.append(server)
        threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
        self._pass(server, client, True)

    def _wait(self):
        while self.is_cut:
            time.sleep(0.01)  # sleeps: polls until the network is whole again

    def _pass(self, source, target, is_answer):
        try:
            while data := source.recv(1 << 16):
                if is_answer and self.delay:
                    time.sleep(random.uniform(0, 2 * self.delay))  # sleeps: it is a slow network
                if is_answer and self.losses and random.random() < self.losses:
                    self.lost += 1
                    break
                self._wait()
                target.sendall(data)
        except OSError:
            pass
        _end(source)
        _end(target)


def _end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()
