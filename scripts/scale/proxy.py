"""A network between two programs, which can be cut."""

import asyncio
import threading

PASS, REFUSE, LOSE = "pass", "refuse", "lose"


class Proxy(threading.Thread):
    """Passes connections on to a port of this machine.

    It can REFUSE: connections are reset, and no new ones are taken. Or LOSE: bytes vanish and nobody is told; a connection that lost some is never
    heard of again, also when bytes are passed on again.
    """

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.mode, self.port = target, PASS, 0
        self.ends, self.listening, self.loop = set(), threading.Event(), asyncio.new_event_loop()
        self.start()
        self.listening.wait()

    def run(self):
        self.loop.run_until_complete(self.listen())
        self.listening.set()
        self.loop.run_forever()

    def switch(self, mode):
        """From when this returns it is so."""
        asyncio.run_coroutine_threadsafe(self.become(mode), self.loop).result()

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def become(self, mode):
        before, self.mode = self.mode, mode
        if mode == REFUSE:
            self.server.close()
            for end in self.ends:
                end.transport.abort()
            self.ends.clear()
        elif before == REFUSE:
            await self.listen()

    async def serve(self, reader, writer):
        connection = {"lost": self.mode == LOSE}
        # Kept: one that is forgotten would be closed, which the other end would be told.
        self.ends.add(writer)
        if connection["lost"]:
            return await self.pass_on(reader, None, connection)
        try:
            from_target, to_target = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        self.ends.add(to_target)
        await asyncio.gather(self.pass_on(reader, to_target, connection), self.pass_on(from_target, writer, connection))

    async def pass_on(self, reader, writer, connection):
        try:
            while data := await reader.read(65536):
                connection["lost"] |= self.mode == LOSE
                if not connection["lost"]:
                    writer.write(data)
                    await writer.drain()
            # The end of a connection is lost like everything else.
            if not connection["lost"] and self.mode != LOSE:
                writer.close()
        except ConnectionError:
            if not connection["lost"] and self.mode != LOSE and writer:
                writer.transport.abort()
