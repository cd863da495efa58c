package dev.gapless.http;

import dev.gapless.event.Event;
import dev.gapless.hub.HubEvent;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** The JSON form of an event, in frames and in pages. Pure. */
final class EventJson {
  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  // what surrounds the values
  private static final int OVERHEAD = 128;

  private EventJson() {}

  static String render(HubEvent hubEvent) {
    Event event = hubEvent.event();
    StringBuilder json =
        new StringBuilder(
            OVERHEAD + event.path().length() + event.data().map(String::length).orElse(0));
    append(json, event, hubEvent.cursor().toString());
    return json.toString();
  }

  static void append(StringBuilder json, Event event, String cursor) {
    json.append("{\"id\":").append(event.position());
    json.append(",\"cursor\":\"").append(cursor);
    json.append("\",\"owner\":").append(Json.quote(event.owner()));
    json.append(",\"path\":").append(Json.quote(event.path()));
    json.append(",\"type\":").append(Json.quote(event.type()));
    json.append(",\"at\":\"").append(timestamp(event.at())).append('"');
    // as the database renders jsonb, which is JSON already
    event.data().ifPresent(data -> json.append(",\"data\":").append(data));
    json.append('}');
  }

  static String timestamp(Instant at) {
    return MICROSECONDS.format(at);
  }
}
