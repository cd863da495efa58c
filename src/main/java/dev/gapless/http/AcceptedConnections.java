package dev.gapless.http;

import java.io.IOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import org.apache.pekko.io.Inet;

/**
 * The connections that a server has accepted, known by being among its socket options. It holds
 * them weakly: whoever closes a connection need not say so. Thread-safe.
 */
final class AcceptedConnections extends Inet.AbstractSocketOption {
  private final Set<Socket> sockets =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  @Override
  public void afterConnect(Socket accepted) {
    sockets.add(accepted);
  }

  /** Those that are open. */
  List<Socket> open() {
    List<Socket> all;
    synchronized (sockets) {
      all = new ArrayList<>(sockets);
    }
    all.removeIf(Socket::isClosed);
    return all;
  }

  /**
   * Makes the server close a connection at once, and the kernel forget what it could not deliver.
   * The server's selector owns the channel: closing it here would leave the server unaware.
   */
  static void end(Socket connection) {
    try {
      connection.setSoLinger(true, 0);
      connection.shutdownOutput();
      // wakes the server, which finds both directions ended
      connection.shutdownInput();
    } catch (IOException e) {
      // it has ended meanwhile
    }
  }
}
