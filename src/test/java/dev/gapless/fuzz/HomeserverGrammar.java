package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.just;
import static net.jqwik.api.Arbitraries.of;

import dev.gapless.fuzz.Verdict.Fault;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** {@code /events/} and {@code /events-stream} of the homeserver API. */
final class HomeserverGrammar {
  private static final String FEED = "/events/";
  private static final String STREAM = "/events-stream";

  private final Values values;

  HomeserverGrammar(Values values) {
    this.values = values;
  }

  Arbitrary<Request> feed() {
    Arbitrary<Param> param =
        frequencyOf(
            Tuple.of(3, values.param("cursor", values.cursor())),
            Tuple.of(1, values.param("cursor", values.cursor().map(cursor -> "pubky://" + cursor))),
            Tuple.of(3, values.param("limit", values.limit())),
            Tuple.of(1, values.param("unknown", values.hostile())));
    return Combinators.combine(method(), param.list().ofMaxSize(3))
        .as(
            (method, params) ->
                Request.of(FEED, method, target(FEED, params), List.of(), feedVerdict(params)));
  }

  private static Verdict feedVerdict(List<Param> params) {
    Set<Fault> faults = new HashSet<>(Param.broken(params));
    // the last one counts
    List<String> cursors = Param.values(params, "cursor");
    if (!cursors.isEmpty()) {
      String last = cursors.get(cursors.size() - 1);
      String cursor = last.startsWith("pubky://") ? last.substring(8) : last;
      if (!cursor.isEmpty() && !Rules.isCursor(cursor)) {
        faults.add(new Fault(400, "Invalid cursor"));
      }
    }
    return Verdict.unless(faults, 200, 410);
  }

  Arbitrary<Request> stream() {
    Arbitrary<Param> param =
        frequencyOf(
            Tuple.of(6, values.param("user", values.userWithCursor())),
            Tuple.of(2, values.param("limit", values.limit())),
            Tuple.of(3, values.param("live", values.flag())),
            Tuple.of(2, values.param("reverse", values.flag())),
            Tuple.of(3, values.param("path", values.path())),
            Tuple.of(1, values.param("path", of("pub/", "pub", "a/../b", "../x"))),
            Tuple.of(1, values.param("unknown", values.hostile())));
    Arbitrary<List<Param>> params =
        frequencyOf(Tuple.of(20, param.list().ofMaxSize(5)), Tuple.of(1, many()));
    Arbitrary<Optional<String>> resume =
        frequencyOf(
            Tuple.of(3, just(Optional.<String>empty())),
            Tuple.of(
                1,
                values
                    .cursor()
                    .filter(Headers::canCarry)
                    .map(value -> Optional.of(value.strip()))));
    return Combinators.combine(method(), params, resume)
        .as(
            (method, list, last) -> {
              Request request =
                  Request.of(
                      STREAM, method, target(STREAM, list), List.of(), streamVerdict(list, last));
              return last.map(cursor -> request.with("Last-Event-ID: " + cursor)).orElse(request);
            });
  }

  private static Verdict streamVerdict(List<Param> params, Optional<String> resume) {
    Set<Fault> faults = new HashSet<>(Param.broken(params));
    List<String> users = Param.values(params, "user");
    if (users.isEmpty()) {
      faults.add(new Fault(400, "user parameter is required"));
    }
    if (users.size() > 50) {
      faults.add(new Fault(400, "Too many users. Maximum allowed: 50"));
    }
    for (String value : users) {
      int colon = value.indexOf(':');
      String key = colon < 0 ? value : value.substring(0, colon);
      if (!Rules.isUser(key)) {
        faults.add(new Fault(400, "Invalid public key: " + echo(key)));
      }
      if (colon >= 0 && !Rules.isCursor(value.substring(colon + 1))) {
        faults.add(new Fault(400, "Invalid cursor: " + echo(value.substring(colon + 1))));
      }
    }
    limit(params).ifPresent(faults::add);
    if (isTrue(params, "live") && isTrue(params, "reverse")) {
      faults.add(new Fault(400, "Cannot use live mode with reverse ordering"));
    }
    for (String path : Param.values(params, "path")) {
      if (!path.isEmpty() && Rules.path(path.startsWith("/") ? path : "/" + path).isEmpty()) {
        faults.add(new Fault(400, "Invalid path: " + echo(path)));
      }
    }
    if (Param.values(params, "path").stream().filter(path -> !path.isEmpty()).count() > 50) {
      faults.add(new Fault(400, "Too many paths. Maximum allowed: 50"));
    }
    if (resume.isPresent() && !resume.get().isEmpty() && !Rules.isCursor(resume.get())) {
      faults.add(new Fault(400, "Invalid Last-Event-ID: " + echo(resume.get())));
    }
    // users come and go during a run
    return Verdict.unless(faults, 200).withFaults(Set.of(new Fault(404, "Not Found")));
  }

  private static Optional<Fault> limit(List<Param> params) {
    List<String> limits = Param.values(params, "limit");
    if (limits.isEmpty()) {
      return Optional.empty();
    }
    String limit = limits.get(limits.size() - 1);
    if (limit.matches("0+")) {
      return Optional.of(new Fault(400, "limit must be at least 1"));
    }
    String digits = limit.replaceFirst("^0+", "");
    return Rules.isNumber(digits, 1, 65_535)
        ? Optional.empty()
        : Optional.of(new Fault(400, "Invalid limit: " + echo(limit)));
  }

  private static Arbitrary<List<Param>> many() {
    return Combinators.combine(of("user", "path"), Arbitraries.integers().between(45, 55))
        .as(
            (name, count) ->
                IntStream.range(0, count)
                    .mapToObj(
                        i ->
                            Param.of(
                                name,
                                name.equals("user") ? World.NOBODY : "/p" + i,
                                Param.Style.MINIMAL))
                    .toList());
  }

  /** A long value is not repeated in whole. */
  private static String echo(String value) {
    return value.length() > 256 ? value.substring(0, 200) + "*" : value;
  }

  private static boolean isTrue(List<Param> params, String name) {
    List<String> given = Param.values(params, name);
    String last = given.isEmpty() ? "" : given.get(given.size() - 1);
    return last.equals("true") || last.equals("1");
  }

  private static Arbitrary<String> method() {
    return frequencyOf(Tuple.of(5, of("GET")), Tuple.of(1, of("HEAD")));
  }

  private static String target(String path, List<Param> params) {
    return params.isEmpty() ? path : path + "?" + Param.query(params);
  }
}
