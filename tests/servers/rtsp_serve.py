"""A real RTSP server for tests: serves H.264 files in a loop without encoding them again.

Run by the system's python3, which has GStreamer's bindings; nothing of this
project is imported. Usage: rtsp_serve.py PORT NAME=FILE... ; prints `ready PORT`
and ends when stdin ends. A name may carry credentials as `user:password@name`;
then every stream of this server needs some.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

Gst.init(None)
READ = (
    "filesrc location={path} ! qtdemux name=d d.video_0 ! h264parse config-interval=-1 "
    "! video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=sink sync=false"
)
PLAY = (
    "( appsrc name=source is-live=true format=time do-timestamp=false block=false "
    "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def units(path):
    """The file's access units as (bytes, seconds from the start, length in seconds), and their caps."""
    pipeline = Gst.parse_launch(READ.format(path=path))
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    found, caps = [], None
    while True:
        sample = sink.emit("pull-sample")
        if sample is None:
            break
        caps = caps or sample.get_caps()
        buffer = sample.get_buffer()
        found.append((buffer.extract_dup(0, buffer.get_size()), buffer.pts, buffer.duration))
    pipeline.set_state(Gst.State.NULL)
    if not found:
        sys.exit(f"{path}: no H.264 in it")
    return found, caps


class Loop(GstRtspServer.RTSPMediaFactory):
    """One file for ever; all its clients share one reading."""

    def __init__(self, path):
        super().__init__()
        self.units, self.caps = units(path)
        self.step = Gst.SECOND // 25
        stamps = [pts for _, pts, _ in self.units if pts != Gst.CLOCK_TIME_NONE]
        if len(stamps) > 1:
            self.step = (stamps[-1] - stamps[0]) // (len(stamps) - 1)
        self.set_shared(True)
        self.set_launch(PLAY)

    def do_configure(self, media):
        source = media.get_element().get_child_by_name("source")
        source.set_property("caps", self.caps)
        count = 0

        def feed(element, wanted):
            nonlocal count
            body = self.units[count % len(self.units)][0]
            buffer = Gst.Buffer.new_wrapped(body)
            buffer.pts = buffer.dts = count * self.step
            buffer.duration = self.step
            count += 1
            element.emit("push-buffer", buffer)

        source.connect("need-data", feed)


def main():
    port, streams = sys.argv[1], sys.argv[2:]
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for stream in streams:
        name, path = stream.split("=", 1)
        account, _, name = name.rpartition("@")
        factory = Loop(path)
        factory.connect("media-configure", lambda made, media: made.do_configure(media))
        server.get_mount_points().add_factory(f"/{name}", factory)
        if account:
            guard(server, factory, *account.split(":", 1))
    loop = GLib.MainLoop()
    server.attach(None)
    print(f"ready {server.get_bound_port()}", flush=True)

    def until_closed():
        sys.stdin.buffer.read()
        GLib.idle_add(loop.quit)

    threading.Thread(target=until_closed, daemon=True).start()
    loop.run()


def guard(server, factory, user, password):
    """Let only this account look at the factory's stream."""
    auth = server.get_auth() or GstRtspServer.RTSPAuth()
    role = f"watcher-{user}"
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", role)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(role, "media.factory.access", True)
    permissions.add_permission_for_role(role, "media.factory.construct", True)
    factory.set_permissions(permissions)


main()
