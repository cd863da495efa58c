package dev.gapless.http;

import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.event.EventTypes;
import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;
import dev.gapless.event.StartPoint;
import dev.gapless.hub.Subscription.OnReset;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/**
 * The parameters of {@code GET /v1/events}, parsed and validated. Pure.
 *
 * @param owners in order of first mention, each with its own start if it has one
 * @param after where to begin, if it was said
 * @param resume where the client's last connection stood, which wins over {@code after}
 */
record EventsQuery(
    EventFilter filter,
    Map<String, Optional<Cursor>> owners,
    Optional<StartPoint> after,
    Optional<Cursor> resume,
    OptionalLong limit,
    boolean live,
    boolean reverse,
    Duration patience,
    OnReset onReset) {

  private static final String RESUME_HEADER = "Last-Event-ID";

  /**
   * @throws InvalidValueException naming the parameter or header at fault
   */
  static EventsQuery parse(HttpRequest request, boolean stream, HttpSettings settings) {
    QueryParameters query = QueryParameters.of(request);
    int most = settings.maxOwners();
    Map<String, Optional<Cursor>> owners = owners(query.all("owner"), most);
    Set<String> paths = new LinkedHashSet<>();
    query.all("path", most).forEach(path -> paths.add(Paths.normalize("path", path)));
    Set<String> types = new LinkedHashSet<>();
    query.all("type", most).forEach(type -> types.add(EventTypes.require("type", type)));
    boolean reverse = query.flag("reverse", false);
    boolean live = query.flag("live", stream);
    if (stream && live && reverse) {
      throw InvalidValueException.of("reverse", "a live stream has no reverse: add live=false");
    }
    long maxWait = settings.maxWait().toSeconds();
    return new EventsQuery(
        new EventFilter(owners.keySet(), paths, types),
        owners,
        query.single("after").map(text -> startPoint("after", text)),
        resume(request, query),
        query.number("limit", 1, stream ? Long.MAX_VALUE : settings.pageMax()),
        live,
        reverse,
        Duration.ofSeconds(query.number("wait", 0, maxWait).orElse(0)),
        onReset(query));
  }

  /** The owners that begin at a cursor of their own. */
  Map<String, Cursor> ownerCursors() {
    Map<String, Cursor> cursors = new LinkedHashMap<>();
    owners.forEach((owner, cursor) -> cursor.ifPresent(start -> cursors.put(owner, start)));
    return cursors;
  }

  private static Map<String, Optional<Cursor>> owners(List<String> values, int most) {
    Map<String, Optional<Cursor>> owners = new LinkedHashMap<>();
    for (String value : values) {
      int colon = value.indexOf(':');
      String owner = Owners.require("owner", colon < 0 ? value : value.substring(0, colon));
      owners.put(
          owner,
          colon < 0 ? Optional.empty() : Optional.of(cursor("owner", value.substring(colon + 1))));
    }
    if (owners.size() > most) {
      throw InvalidValueException.of("owner", "at most " + most + " of them");
    }
    return owners;
  }

  private static Optional<Cursor> resume(HttpRequest request, QueryParameters query) {
    // the browser's header is newer than what a page once wrote into the address
    Optional<String> header = request.getHeader(RESUME_HEADER).map(found -> found.value());
    Optional<Cursor> camel = query.single("lastEventId").map(text -> cursor("lastEventId", text));
    Optional<Cursor> snake =
        query.single("last_event_id").map(text -> cursor("last_event_id", text));
    return header.map(text -> cursor(RESUME_HEADER, text)).or(() -> camel).or(() -> snake);
  }

  private static OnReset onReset(QueryParameters query) {
    return switch (query.single("on-reset").orElse("earliest")) {
      case "earliest" -> OnReset.FROM_EARLIEST;
      case "head" -> OnReset.FROM_HEAD;
      default -> throw InvalidValueException.of("on-reset", "\"earliest\" or \"head\"");
    };
  }

  private static StartPoint startPoint(String field, String text) {
    return StartPoint.parse(text)
        .orElseThrow(
            () ->
                InvalidValueException.of(
                    field, "a cursor as sent in id, a position, \"earliest\" or \"now\""));
  }

  private static Cursor cursor(String field, String text) {
    return StartPoint.parse(text)
        .map(start -> start instanceof StartPoint.At at ? at.cursor() : null)
        .orElseThrow(
            () ->
                InvalidValueException.of(
                    field, "a cursor as sent in id, a position or \"earliest\""));
  }
}
