"""Listens to UDP packets from senders that are allowed, and to nobody else.

Neither Live Link Face nor VMC can carry a password. So only this machine is listened to, unless
the user names both an address to listen on and the addresses of the senders; packets of all others
are dropped unread.
"""

import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

from incarnate.drive.live import Inbox, LiveFrame, PacketError, clock
from incarnate.errors import DriveError

LOOPBACK: Final = "127.0.0.1"

# How long (seconds) silence lasts before a decoder is asked for what it holds back.
_SILENCE = 0.02
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@runtime_checkable
class Decoder(Protocol):
    """Packets in, frames out."""

    max_bytes: int
    """Longer packets are not looked at."""

    def decode(self, content: bytes, arrived: float) -> LiveFrame | None:
        """The frame that a packet completes, if any; PacketError for what is malformed."""
        ...

    def flush(self, now: float) -> LiveFrame | None:
        """The frame that was held back until silence says that it is whole."""
        ...


@dataclass(frozen=True)
class Ear:
    """Where to listen, and to whom."""

    port: int
    """0 takes a free one."""
    address: str = LOOPBACK
    """An address of this machine; 0.0.0.0 is all of them."""
    senders: tuple[str, ...] = ()
    """Addresses of the machines that are listened to, where `address` is not loopback."""

    def checked(self) -> "tuple[_IPAddress, tuple[_IPAddress, ...]]":
        """The addresses, parsed.

        Raises:
            DriveError: One is no address; or the choice of address and senders is not deliberate.
        """
        own, *senders = (_parsed(text) for text in (self.address, *self.senders))
        if own.is_loopback and senders:
            raise DriveError(
                f"only this machine reaches {self.address}, so that senders elsewhere can't be "
                "heard: give --address too, such as the address of this machine in your network"
            )
        if not own.is_loopback and not senders:
            raise DriveError(
                f"anybody who reaches {self.address} could move the avatar, for these protocols "
                "have no password: name who may with --allow-remote SENDER_ADDRESS, or listen on "
                f"{LOOPBACK}"
            )
        if any(sender.version != own.version for sender in senders):
            raise DriveError(f"a sender's address is of another kind than {self.address}")
        return own, tuple(senders)


def _parsed(text: str) -> _IPAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise DriveError(f"{text!r} is no address: write numbers, such as 192.168.1.20") from error


@final
class UdpFeed:
    """A socket with a thread that listens; see `incarnate.drive.live.Feed`."""

    def __init__(self, ear: Ear, decoder: Decoder) -> None:
        """Nothing is listened to before `start`.

        Raises:
            DriveError: See `Ear.checked`.
        """
        self._ear = ear
        self._own, self._senders = ear.checked()
        self._decoder = decoder
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self.port = ear.port

    def start(self, inbox: Inbox) -> None:
        """Listen.

        Raises:
            DriveError: The address or port can't be listened on.
        """
        family = socket.AF_INET if self._own.version == 4 else socket.AF_INET6
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.bind((str(self._own), self._ear.port))
        except (OSError, OverflowError) as problem:
            self._socket.close()
            raise DriveError(
                f"can't listen on {self._own} port {self._ear.port} ({problem}): is another "
                "program listening there? Choose another --port, in the sender too"
            ) from problem
        self.port = self._socket.getsockname()[1]
        self._socket.settimeout(_SILENCE)
        self._thread = threading.Thread(
            target=self._listen, args=(self._socket, inbox), daemon=True, name="incarnate-live"
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close the socket."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        if self._socket is not None:
            self._socket.close()

    def _listen(self, ear: socket.socket, inbox: Inbox) -> None:
        while not self._stop.is_set():
            try:
                # One byte more than is allowed tells that it was too long.
                content, sender = ear.recvfrom(self._decoder.max_bytes + 1)
            except TimeoutError:
                frame = self._decoder.flush(clock())
            except OSError:
                # On some systems, a sender that is gone shows here; the socket stays good.
                self._stop.wait(_SILENCE)
                continue
            else:
                frame = self._heard(content, sender[0], inbox)
            if frame is not None:
                inbox.put(frame)

    def _heard(self, content: bytes, sender: str, inbox: Inbox) -> LiveFrame | None:
        try:
            self._check(content, sender)
            return self._decoder.decode(content, clock())
        except PacketError as error:
            inbox.refuse(str(error))
            return None

    def _check(self, content: bytes, sender: str) -> None:
        address = ipaddress.ip_address(sender.partition("%")[0])
        if not address.is_loopback and address not in self._senders:
            raise PacketError(f"a packet from {sender}, which --allow-remote does not name")
        if len(content) > self._decoder.max_bytes:
            raise PacketError(f"a packet of more than {self._decoder.max_bytes} bytes")
