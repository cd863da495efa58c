package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.just;
import static net.jqwik.api.Arbitraries.of;

import dev.gapless.fuzz.Param.Style;
import dev.gapless.fuzz.Request.Framing;
import dev.gapless.fuzz.Request.Payload;
import dev.gapless.fuzz.Verdict.Fault;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Files on both faces: paths, conditions, ranges, bodies, listings. */
final class FileGrammar {
  private static final String NATIVE = "/v1/files/{owner}/{path}";

  /**
   * Where a request goes.
   *
   * @param simple whether it names a file or a folder without any trick
   */
  private record Place(String path, String target, List<String> headers, boolean simple) {
    boolean isFolder() {
      return target.split("\\?")[0].endsWith("/");
    }
  }

  private final World world;
  private final Values values;

  FileGrammar(World world, Values values) {
    this.world = world;
    this.values = values;
  }

  Arbitrary<Request> read() {
    return Combinators.combine(
            frequencyOf(Tuple.of(4, of("GET")), Tuple.of(1, of("HEAD"))),
            place(),
            Headers.ofFiles(of(world.tags())),
            listing())
        .as(
            (method, place, headers, listing) -> {
              String target = place.target();
              if (place.isFolder() && !listing.isEmpty()) {
                target += (target.contains("?") ? "&" : "?") + Param.query(listing);
              }
              return request(place, method, target, headers, Payload.none())
                  .withVerdict(readVerdict(place, headers, listing));
            });
  }

  private static Verdict readVerdict(Place place, List<String> headers, List<Param> listing) {
    if (!place.simple() || place.isFolder() && !listing.isEmpty()) {
      return Verdict.unknown();
    }
    if (place.isFolder()) {
      return Verdict.accepted(200, 404);
    }
    return headers.isEmpty()
        ? Verdict.accepted(200, 404)
        : new Verdict(Set.of(200, 206, 304, 404, 412, 416), conditions(headers));
  }

  private Arbitrary<List<Param>> listing() {
    Arbitrary<Param> param =
        frequencyOf(
            Tuple.of(2, values.param("limit", values.limit())),
            Tuple.of(2, values.param("after", values.path())),
            Tuple.of(2, values.param("cursor", values.path())),
            Tuple.of(
                1, values.param("cursor", values.user().map(user -> "pubky://" + user + "/a"))),
            Tuple.of(1, values.param("reverse", values.flag())),
            Tuple.of(1, values.param("shallow", values.flag())),
            Tuple.of(1, values.param("pubky-host", values.user())));
    return param.list().ofMaxSize(4);
  }

  Arbitrary<Request> write() {
    Arbitrary<List<String>> conditions =
        frequencyOf(
            Tuple.of(3, just(List.<String>of())), Tuple.of(1, Headers.ofFiles(of(world.tags()))));
    return Combinators.combine(place(), conditions, contentType(), payload())
        .as(
            (place, headers, type, payload) -> {
              List<String> all = new ArrayList<>(headers);
              type.ifPresent(text -> all.add("Content-Type: " + text));
              return request(place, "PUT", place.target(), all, payload)
                  .withVerdict(writeVerdict(place, headers, type, payload));
            });
  }

  private static Verdict writeVerdict(
      Place place, List<String> headers, Optional<String> type, Payload payload) {
    if (!place.simple() || place.isFolder() || type.isPresent()) {
      return Verdict.unknown();
    }
    if (payload.bytes().length > World.MAX_FILE) {
      return Verdict.accepted(413, 409, 412).withFaults(conditions(headers));
    }
    Set<Integer> statuses = new HashSet<>(Set.of(200, 201, 409, 507));
    if (!headers.isEmpty()) {
      statuses.add(412);
    }
    return new Verdict(statuses, conditions(headers));
  }

  Arbitrary<Request> delete() {
    return Combinators.combine(place(), Headers.ofFiles(of(world.tags())), body())
        .as(
            (place, headers, body) ->
                request(place, "DELETE", place.target(), headers, body)
                    .withVerdict(
                        place.simple() && !place.isFolder()
                            ? new Verdict(Set.of(204, 404, 412), conditions(headers))
                            : Verdict.unknown()));
  }

  /** What an operator may do with an owner; not with those whose events others are asked for. */
  Arbitrary<Request> erase() {
    return values
        .owner()
        .filter(owner -> !world.owners().contains(owner))
        .map(
            owner ->
                Request.of(
                    "/v1/owners/{owner}",
                    "DELETE",
                    "/v1/owners/" + Style.MINIMAL.encode(owner).replace("/", "%2F"),
                    List.of(),
                    Rules.isOwner(owner) && !owner.matches("\\.{1,2}")
                        ? Verdict.accepted(202, 204, 404)
                        : Verdict.unknown()));
  }

  /** Most often there is none. */
  private static Arbitrary<Payload> body() {
    return frequencyOf(
        Tuple.of(6, just(Payload.none())), Tuple.of(1, just(Payload.of("what for?"))));
  }

  private static Set<Fault> conditions(List<String> headers) {
    Set<Fault> faults = new HashSet<>();
    for (String name : List.of("If-Match", "If-None-Match")) {
      if (headers.stream().anyMatch(line -> line.startsWith(name + ":"))) {
        faults.add(new Fault(400, name + "*"));
      }
    }
    return faults;
  }

  private static Request request(
      Place place, String method, String target, List<String> headers, Payload payload) {
    List<String> all = new ArrayList<>(place.headers());
    all.addAll(headers);
    return Request.of(place.path(), method, target, all, Verdict.unknown()).withPayload(payload);
  }

  private Arbitrary<Place> place() {
    return frequencyOf(Tuple.of(1, nativePlace()), Tuple.of(1, homeserverPlace()));
  }

  private Arbitrary<Place> nativePlace() {
    Arbitrary<Place> simple =
        Combinators.combine(of(world.owners()), of(World.FILES))
            .as((owner, file) -> new Place(NATIVE, "/v1/files/" + owner + file, List.of(), true));
    Arbitrary<Place> any =
        Combinators.combine(values.owner(), rawPath(), of(Style.class))
            .as(
                (owner, path, style) ->
                    new Place(NATIVE, "/v1/files/" + style.encode(owner) + path, List.of(), false));
    return frequencyOf(Tuple.of(2, simple), Tuple.of(1, any));
  }

  private Arbitrary<Place> homeserverPlace() {
    Arbitrary<String> root = of("/pub", "/pub", "/priv");
    Arbitrary<Place> simple =
        Combinators.combine(
                root, of(world.users()), of(World.FILES), Arbitraries.integers().between(0, 2))
            .as(
                (top, user, file, how) ->
                    switch (how) {
                      case 0 -> named(top, file, List.of("pubky-host: " + user), true);
                      case 1 -> named(top, file + "?pubky-host=" + user, List.of(), true);
                      default -> named(top, file, List.of("Host: " + user), true);
                    });
    Arbitrary<Place> any =
        Combinators.combine(root, rawPath(), values.user().filter(Headers::canCarry))
            .as((top, path, user) -> named(top, path, List.of("pubky-host: " + user), false));
    return frequencyOf(Tuple.of(2, simple), Tuple.of(1, any));
  }

  private static Place named(String top, String rest, List<String> headers, boolean simple) {
    return new Place(top + "/{path}", top + rest, headers, simple);
  }

  /** A path as it is sent, tricks included. */
  private Arbitrary<String> rawPath() {
    Arbitrary<String> segment =
        frequencyOf(
            Tuple.of(4, of("a", "b.txt", "c", "x.html", "%C3%A9", "a%20b", "a+b", "%F0%9F%98%80")),
            Tuple.of(
                2, of(".", "..", "", "%2e", "%2e%2e", "%2E.", "...", "%20", "~", ":@!$&'()*,;=")),
            Tuple.of(
                1,
                of("%2F", "a%2Fb", "%00", "%5c", "%0d%0a", "%7f", "%c2%85", "%25", "%252e%252e")),
            Tuple.of(1, of(Param.BROKEN)),
            Tuple.of(
                1, of("x".repeat(255), "x".repeat(256), "%41".repeat(255), "é", "|", "<>", "\"")));
    Arbitrary<String> segments =
        Combinators.combine(segment.list().ofMinSize(1).ofMaxSize(5), of("", "", "/"))
            .as((list, end) -> "/" + String.join("/", list) + end);
    return frequencyOf(
        Tuple.of(8, segments),
        Tuple.of(1, values.path().map(path -> Style.MINIMAL.encode(path.isEmpty() ? "/" : path))),
        Tuple.of(
            1, of("/" + "a/".repeat(1100), "/" + "a".repeat(65_000), "", "/?", "/a#b", "/a;b")));
  }

  private static Arbitrary<Optional<String>> contentType() {
    return frequencyOf(
        Tuple.of(4, just(Optional.<String>empty())),
        Tuple.of(
            1,
            of(
                    "text/html",
                    "text/html; charset=utf-8",
                    "text/plain; charset=nonsense-9",
                    "a/b; x=\"y z\"",
                    "image/svg+xml",
                    "nonsense",
                    "multipart/mixed",
                    "application/" + "x".repeat(300),
                    "text/plain; a=" + "b".repeat(4000),
                    "*/*",
                    "")
                .map(Optional::of)));
  }

  private Arbitrary<Payload> payload() {
    Arbitrary<byte[]> contents =
        frequencyOf(
            Tuple.of(5, of(world.contents()).map(text -> text.getBytes(StandardCharsets.UTF_8))),
            Tuple.of(2, Arbitraries.bytes().array(byte[].class).ofMaxSize(300)),
            Tuple.of(
                1, of(4096, 4097, 20_000, World.MAX_FILE, World.MAX_FILE + 1).map(byte[]::new)));
    return Combinators.combine(
            contents, of(Framing.LENGTH, Framing.LENGTH, Framing.CHUNKED, Framing.ODD_CHUNKS))
        .as(Payload::new);
  }
}
