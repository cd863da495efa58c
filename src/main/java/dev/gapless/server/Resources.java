package dev.gapless.server;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was started, stopped in reverse order, once. A signal may arrive in mid-start: what is added
 * after that is stopped at once, and the start is given up. Thread-safe.
 */
final class Resources implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Resources.class);

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private boolean closed;

  /**
   * @throws Refusal when everything was stopped meanwhile
   */
  <T extends AutoCloseable> T add(T resource) {
    synchronized (this) {
      if (!closed) {
        opened.push(resource);
        return resource;
      }
    }
    stop(resource);
    throw new Refusal("stopped while starting");
  }

  /** Returns when all is stopped; a second caller waits for the first. */
  @Override
  public synchronized void close() {
    closed = true;
    while (!opened.isEmpty()) {
      stop(opened.pop());
    }
  }

  private static void stop(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      // The others have to be stopped all the same.
      log.warn("could not be stopped in order", e);
    }
  }
}
