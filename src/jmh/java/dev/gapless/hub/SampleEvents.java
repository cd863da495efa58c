package dev.gapless.hub;

import dev.gapless.event.Event;
import java.time.Instant;
import java.util.Optional;

/** What the benchmarks send: events whose texts take about 200 bytes. */
public final class SampleEvents {
  // as PostgreSQL renders jsonb
  private static final String DATA = "{\"text\": \"" + "x".repeat(150) + "\"}";
  private static final Instant AT = Instant.parse("2026-11-22T10:15:30.123456Z");

  private SampleEvents() {}

  public static Event event(long position, String owner) {
    return new Event(position, owner, "/notes/2026/11/22", "note", Optional.of(DATA), AT);
  }

  public static HubEvent hubEvent(long position, String owner) {
    return new HubEvent(event(position, owner));
  }

  public static HubEvent hubEvent(Event event) {
    return new HubEvent(event);
  }
}
