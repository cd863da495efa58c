package dev.gapless.http;

import static java.time.ZoneOffset.UTC;

import dev.gapless.event.Event;
import dev.gapless.event.Traceparent;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/** The JSON form of an event, in frames and in pages. Pure. */
final class EventJson {
  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(UTC);

  static final String RESET = "gapless.reset";
  static final String ERASED = "erased";

  // what surrounds the values, and a cursor
  private static final int OVERHEAD = 160;

  private static final String TRACEPARENT_NAME = ",\"traceparent\":\"";
  private static final int TRACEPARENT = TRACEPARENT_NAME.length() + Traceparent.LENGTH + 1;

  private EventJson() {}

  /** About how many bytes {@link #append} adds, more rather than less. */
  static int size(Event event) {
    return OVERHEAD
        + event.owner().length()
        + event.path().length()
        + event.type().length()
        + event.data().map(String::length).orElse(0)
        + (event.traceparent().isPresent() ? TRACEPARENT : 0);
  }

  static void append(Utf8Text json, Event event, String cursor) {
    json.append("{\"id\":").append(event.position());
    json.append(",\"cursor\":\"").append(cursor);
    json.append("\",\"owner\":\"").appendEscaped(event.owner());
    json.append("\",\"path\":\"").appendEscaped(event.path());
    json.append("\",\"type\":\"");
    if (event.isErasure()) {
      json.append(RESET);
    } else {
      json.appendEscaped(event.type());
    }
    json.append("\",\"at\":\"");
    appendTimestamp(json, event.at());
    json.append('"');
    event
        .traceparent()
        .ifPresent(trace -> json.append(TRACEPARENT_NAME).appendEscaped(trace).append('"'));
    // as the database renders jsonb, which is JSON already
    if (event.isErasure()) {
      json.append(",\"data\":{\"reason\":\"").append(ERASED).append("\"}");
    } else {
      event.data().ifPresent(data -> json.append(",\"data\":").append(data));
    }
    json.append('}');
  }

  static String timestamp(Instant at) {
    Utf8Text text = new Utf8Text(27);
    appendTimestamp(text, at);
    return text.toString();
  }

  /** As the formatter writes it, in a tenth of the time: each event has one. */
  private static void appendTimestamp(Utf8Text text, Instant at) {
    LocalDateTime time = LocalDateTime.ofEpochSecond(at.getEpochSecond(), at.getNano(), UTC);
    if (time.getYear() < 0 || time.getYear() > 9999) {
      text.append(MICROSECONDS.format(at));
      return;
    }
    text.appendDigits(time.getYear(), 4);
    text.append('-').appendDigits(time.getMonthValue(), 2);
    text.append('-').appendDigits(time.getDayOfMonth(), 2);
    text.append('T').appendDigits(time.getHour(), 2);
    text.append(':').appendDigits(time.getMinute(), 2);
    text.append(':').appendDigits(time.getSecond(), 2);
    text.append('.').appendDigits(time.getNano() / 1_000, 6).append('Z');
  }
}
