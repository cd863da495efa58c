package dev.gapless.http;

import static java.time.ZoneOffset.UTC;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.gapless.event.Event;
import dev.gapless.hub.HubEvent;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/** The JSON form of an event, in frames and in pages. Pure. */
final class EventJson {
  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(UTC);

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
    json.append("\",\"owner\":\"");
    appendEscaped(json, event.owner());
    json.append("\",\"path\":\"");
    appendEscaped(json, event.path());
    json.append("\",\"type\":\"");
    appendEscaped(json, event.type());
    json.append("\",\"at\":\"");
    appendTimestamp(json, event.at());
    json.append('"');
    // as the database renders jsonb, which is JSON already
    event.data().ifPresent(data -> json.append(",\"data\":").append(data));
    json.append('}');
  }

  static String timestamp(Instant at) {
    StringBuilder text = new StringBuilder(27);
    appendTimestamp(text, at);
    return text.toString();
  }

  private static void appendEscaped(StringBuilder json, String text) {
    JsonStringEncoder.getInstance().quoteAsString(text, json);
  }

  /** As the formatter writes it, in a tenth of the time: each event has one. */
  private static void appendTimestamp(StringBuilder text, Instant at) {
    LocalDateTime time = LocalDateTime.ofEpochSecond(at.getEpochSecond(), at.getNano(), UTC);
    if (time.getYear() < 0 || time.getYear() > 9999) {
      text.append(MICROSECONDS.format(at));
      return;
    }
    appendDigits(text, time.getYear(), 1_000);
    appendDigits(text.append('-'), time.getMonthValue(), 10);
    appendDigits(text.append('-'), time.getDayOfMonth(), 10);
    appendDigits(text.append('T'), time.getHour(), 10);
    appendDigits(text.append(':'), time.getMinute(), 10);
    appendDigits(text.append(':'), time.getSecond(), 10);
    appendDigits(text.append('.'), time.getNano() / 1_000, 100_000);
    text.append('Z');
  }

  private static void appendDigits(StringBuilder text, int number, int highest) {
    int rest = number;
    for (int power = highest; power > 0; power /= 10) {
      text.append((char) ('0' + rest / power));
      rest %= power;
    }
  }
}
