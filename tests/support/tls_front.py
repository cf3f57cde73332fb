"""TLS in front of a server that speaks none (sqld): what comes in on `port` is passed on in the clear."""
import contextlib
import socket
import ssl
import threading


def pump(source, target):
    """Everything from one to the other, until either ends; then both do."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


class TlsFront:
    """`certificates`: servers.Certificates. Counts the handshakes that succeeded."""

    def __init__(self, certificates, port):
        self.target = port
        self.handshakes = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates.folder / "server.crt", certificates.folder / "server.key")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, contextlib.suppress(OSError):  # ssl.SSLError is one
            client.settimeout(30)
            with self.context.wrap_socket(client, server_side=True) as inside:
                self.handshakes += 1
                with socket.create_connection(("127.0.0.1", self.target)) as behind:
                    back = threading.Thread(target=pump, args=(behind, inside), daemon=True)
                    back.start()
                    pump(inside, behind)
                    back.join()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
