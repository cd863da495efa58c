package dev.gapless.failover;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.testkit.EventClient;
import dev.gapless.testkit.EventClient.Control;
import dev.gapless.testkit.EventClient.Received;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A client whose every frame is accounted for.
 *
 * @param asks what it asks for, in words
 * @param wanted the same as a condition on events
 * @param start the cursor it began with; empty if it began with {@code now}
 * @param since the number of the first history it can have seen
 */
record Watched(
    EventClient client, String asks, Predicate<Event> wanted, Optional<Cursor> start, int since)
    implements AutoCloseable {

  /**
   * One frame with an id.
   *
   * @param name {@code event} for all that is no control frame
   */
  record Frame(String name, String id, String data) {}

  /** All it got so far, in order. */
  List<Frame> frames() {
    // the controls first: one that came later refers to more events than were copied
    List<Control> controls = client.controls();
    List<Received> events = client.received();
    List<Frame> frames = new ArrayList<>();
    int next = 0;
    for (Control control : controls) {
      for (; next < control.after(); next++) {
        frames.add(new Frame("event", events.get(next).cursor(), ""));
      }
      if (!control.id().isEmpty()) {
        frames.add(new Frame(control.event(), control.id(), control.data()));
      }
    }
    for (; next < events.size(); next++) {
      frames.add(new Frame("event", events.get(next).cursor(), ""));
    }
    return frames;
  }

  @Override
  public void close() {
    client.close();
  }
}
