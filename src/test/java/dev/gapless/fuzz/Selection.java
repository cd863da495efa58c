package dev.gapless.fuzz;

import java.math.BigInteger;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an accepted {@code GET /v1/events} selects, read from its own bytes.
 *
 * @param owners with the place at which each begins, if it has one of its own; empty: all
 * @param resume where the last connection stood: nobody begins before it
 * @param after where those begin that have no place of their own
 */
record Selection(
    Map<String, Optional<BigInteger>> owners,
    List<String> paths,
    List<String> types,
    Optional<BigInteger> resume,
    Optional<BigInteger> after,
    boolean reverse) {

  /** An event as it was delivered. */
  record Delivered(long id, String owner, String path, String type) {}

  static Selection of(Request request) {
    Map<String, List<String>> values = new HashMap<>();
    int query = request.target().indexOf('?');
    for (String pair :
        query < 0 ? new String[0] : request.target().substring(query + 1).split("&")) {
      String[] parts = pair.split("=", 2);
      values
          .computeIfAbsent(parts[0], unused -> new ArrayList<>())
          .add(URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    Map<String, Optional<BigInteger>> owners = new HashMap<>();
    for (String owner : values.getOrDefault("owner", List.of())) {
      String[] parts = owner.split(":", 2);
      owners.put(parts[0], parts.length < 2 ? Optional.empty() : position(parts[1]));
    }
    Optional<String> resume =
        request.headers().stream()
            .filter(line -> line.startsWith("Last-Event-ID: "))
            .map(line -> line.substring("Last-Event-ID: ".length()))
            .findFirst()
            .or(() -> first(values, "lastEventId"))
            .or(() -> first(values, "last_event_id"));
    return new Selection(
        owners,
        values.getOrDefault("path", List.of()).stream()
            .flatMap(path -> Rules.path(path).stream())
            .toList(),
        values.getOrDefault("type", List.of()),
        resume.flatMap(Selection::position),
        first(values, "after").flatMap(Selection::position),
        first(values, "reverse").filter("true"::equals).isPresent());
  }

  private static Optional<String> first(Map<String, List<String>> values, String name) {
    return values.getOrDefault(name, List.of()).stream().findFirst();
  }

  private static Optional<BigInteger> position(String cursor) {
    return switch (cursor) {
      case "now" -> Optional.empty();
      case "earliest" -> Optional.of(BigInteger.ZERO);
      default -> Optional.of(new BigInteger(cursor.split("-")[0]));
    };
  }

  /**
   * What is wrong with the events of an answer.
   *
   * @param wasReset whether it went on at another place than the one asked for
   */
  Optional<String> wrong(List<Delivered> events, boolean wasReset) {
    long last = reverse ? Long.MAX_VALUE : 0;
    for (Delivered event : events) {
      if (reverse ? event.id() >= last : event.id() <= last) {
        return Optional.of("out of order: " + event.id() + " after " + last);
      }
      last = event.id();
      if (!selects(event)) {
        return Optional.of("not asked for: " + event);
      }
      if (!wasReset && !isBeyondStart(event)) {
        return Optional.of("not after its cursor: " + event);
      }
    }
    return Optional.empty();
  }

  private boolean selects(Delivered event) {
    if (event.type().equals("gapless.reset")) {
      // an owner that was erased, told whatever path and type are asked for, but not newest first
      return !reverse && (owners.isEmpty() || owners.containsKey(event.owner()));
    }
    return (owners.isEmpty() || owners.containsKey(event.owner()))
        && (types.isEmpty() || types.contains(event.type()))
        && (paths.isEmpty()
            || paths.stream()
                .anyMatch(
                    path ->
                        path.endsWith("/")
                            ? event.path().startsWith(path)
                            : event.path().equals(path)));
  }

  private boolean isBeyondStart(Delivered event) {
    BigInteger id = BigInteger.valueOf(event.id());
    Optional<BigInteger> own = owners.getOrDefault(event.owner(), Optional.empty());
    if (reverse) {
      // all owners begin at one place
      return resume.or(() -> own).or(() -> after).map(at -> id.compareTo(at) < 0).orElse(true);
    }
    return resume.map(at -> id.compareTo(at) > 0).orElse(true)
        && own.or(() -> resume.isPresent() ? Optional.empty() : after)
            .map(at -> id.compareTo(at) > 0)
            .orElse(true);
  }
}
