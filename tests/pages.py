"""Pages by the wire, for what reads them."""

import functools
import http.server
import threading


def serve_pages(answer):
    """A server that answers until it is shut down.

    Args:
        answer: Path -> status and text.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, text = answer(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text if isinstance(text, bytes) else text.encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve = functools.partial(server.serve_forever, poll_interval=0.01)  # a shutdown waits for one
    threading.Thread(target=serve, daemon=True).start()
    return server
