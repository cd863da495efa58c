package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.just;
import static net.jqwik.api.Arbitraries.of;

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

/** {@code POST /v1/events}: bodies whose faults are known, with headers to match. */
final class PublishGrammar {
  private static final String PATH = "/v1/events";

  /**
   * Of one draft.
   *
   * @param certain whether one of the faults is one in any case
   */
  private record Draft(String json, Set<Fault> faults, boolean certain) {}

  /** Of a whole body. */
  private record Body(String json, Verdict verdict) {}

  /** A member of a draft, with what is wrong with it. */
  private record Member(String json, Set<Fault> faults, boolean certain) {
    static Member good(String json) {
      return new Member(json, Set.of(), false);
    }

    static Member bad(String json, int status, String field) {
      return new Member(json, Set.of(new Fault(status, field)), true);
    }

    static Member of(String name, String text, boolean valid) {
      String json = Json.quote(name) + ":" + Json.quote(text);
      return valid ? good(json) : bad(json, 400, name);
    }
  }

  private final Values values;

  PublishGrammar(Values values) {
    this.values = values;
  }

  Arbitrary<Request> request() {
    return Combinators.combine(body(), contentType(), framing(), key())
        .as(
            (body, type, framing, key) -> {
              Verdict verdict = verdict(body.verdict(), type, key);
              List<String> headers =
                  new ArrayList<>(type.map(t -> "Content-Type: " + t).stream().toList());
              key.ifPresent(text -> headers.add("Idempotency-Key: " + text));
              byte[] bytes = body.json().getBytes(StandardCharsets.UTF_8);
              return new Request(
                  PATH, "POST", PATH, headers, new Payload(bytes, framing), key, verdict);
            });
  }

  private static Verdict verdict(Verdict body, Optional<String> type, Optional<String> key) {
    if (!body.isKnown()) {
      return body;
    }
    Set<Fault> faults = new HashSet<>(body.faults());
    Set<Integer> statuses = new HashSet<>(body.statuses());
    if (key.isPresent()) {
      if (isKey(key.get())) {
        // unless another body has used it
        faults.add(new Fault(422, "Idempotency-Key"));
      } else {
        statuses.clear();
        faults.add(new Fault(400, "Idempotency-Key"));
      }
    }
    if (type.isEmpty() || !type.get().toLowerCase(java.util.Locale.ROOT).contains("/json")) {
      statuses.clear();
      faults.add(new Fault(415, "Content-Type"));
    } else if (type.get().contains("latin") || type.get().contains(";;")) {
      faults.add(new Fault(415, "Content-Type"));
    }
    return new Verdict(statuses, faults);
  }

  private static boolean isKey(String text) {
    return text.matches("[ -~]{1,128}");
  }

  private static Arbitrary<Optional<String>> key() {
    return frequencyOf(
        Tuple.of(6, just(Optional.<String>empty())),
        Tuple.of(2, Arbitraries.integers().between(1, 30).map(i -> Optional.of("key " + i))),
        Tuple.of(
            1, of("", "a".repeat(128), "a".repeat(129), "\"", "%00", "'; --").map(Optional::of)));
  }

  private static Arbitrary<Optional<String>> contentType() {
    return frequencyOf(
        Tuple.of(20, just(Optional.of("application/json"))),
        Tuple.of(
            2,
            of(
                    "application/json; charset=utf-8",
                    "APPLICATION/JSON",
                    "application/json;charset=latin1",
                    "application/json;;",
                    "text/plain",
                    "application/x-www-form-urlencoded",
                    "multipart/form-data; boundary=x",
                    "nonsense",
                    "")
                .map(Optional::of)),
        Tuple.of(1, just(Optional.<String>empty())));
  }

  private static Arbitrary<Framing> framing() {
    return frequencyOf(
        Tuple.of(6, just(Framing.LENGTH)),
        Tuple.of(2, just(Framing.CHUNKED)),
        Tuple.of(1, just(Framing.ODD_CHUNKS)));
  }

  private Arbitrary<Body> body() {
    Arbitrary<Body> one = draft().map(draft -> new Body(draft.json(), verdict(List.of(draft))));
    Arbitrary<Body> several =
        Combinators.combine(draft().list().ofMinSize(1).ofMaxSize(4), of(",", " ,\n"))
            .as(
                (drafts, comma) ->
                    new Body(
                        "[" + String.join(comma, drafts.stream().map(Draft::json).toList()) + "]",
                        verdict(drafts)));
    return frequencyOf(
        Tuple.of(12, one),
        Tuple.of(8, several),
        Tuple.of(1, many()),
        Tuple.of(1, misshapen()),
        Tuple.of(
            2,
            Combinators.combine(frequencyOf(Tuple.of(1, one), Tuple.of(1, several)), damage())
                .as((body, damage) -> new Body(damage.apply(body.json()), damage.verdict))));
  }

  private Arbitrary<Body> many() {
    return Combinators.combine(draft(), of(World.MAX_DRAFTS, World.MAX_DRAFTS + 1, 500))
        .as(
            (draft, count) -> {
              String json = "[" + (draft.json() + ",").repeat(count - 1) + draft.json() + "]";
              Set<Fault> faults = new HashSet<>(verdict(List.of(draft)).faults());
              boolean large = json.length() > World.MAX_BODY;
              if (large || count > World.MAX_DRAFTS) {
                faults.add(new Fault(413, ""));
              }
              boolean fits = !large && count <= World.MAX_DRAFTS && !draft.certain();
              return new Body(json, new Verdict(fits ? Set.of(201) : Set.of(), faults));
            });
  }

  private Arbitrary<Body> misshapen() {
    Arbitrary<String> text =
        frequencyOf(
            Tuple.of(
                3,
                of(
                    "", " ", "null", "true", "1", "\"a\"", "[]", "[[]]", "{}", "[null]", "[1]",
                    "[{}")),
            Tuple.of(1, of("nul", "{", "[", "\"", "{\"owner\"", "{\"owner\":", "{,}", "[,]", "\0")),
            Tuple.of(1, Json.value()),
            Tuple.of(
                1,
                Json.value().list().ofMaxSize(3).map(list -> "[" + String.join(",", list) + "]")));
    Verdict refused =
        Verdict.unless(
            Set.of(
                new Fault(400, ""),
                new Fault(413, ""),
                new Fault(400, "event@*"),
                new Fault(400, "owner@*")));
    return text.map(json -> new Body(json, refused));
  }

  /** What makes text that is no JSON out of JSON. */
  private record Damage(String before, String after, int cut, Verdict verdict) {
    String apply(String json) {
      return before + json.substring(0, Math.max(0, json.length() - cut)) + after;
    }
  }

  private static Arbitrary<Damage> damage() {
    Verdict refused =
        Verdict.unless(Set.of(new Fault(400, ""), new Fault(413, ""), new Fault(400, "*")));
    return of(
        new Damage("\ufeff", "", 0, Verdict.unknown()),
        new Damage("  \r\n", "\t ", 0, Verdict.unknown()),
        new Damage("", "x", 0, refused),
        new Damage("", "{}", 0, refused),
        new Damage("", ",", 0, refused),
        new Damage("", "\0", 0, refused),
        new Damage("", "", 1, refused),
        new Damage("", "", 7, Verdict.unknown()),
        new Damage("/**/", "", 0, refused),
        new Damage(")]}',\n", "", 0, refused));
  }

  /** The index is that of the first that is at fault, or of any of them. */
  private static Verdict verdict(List<Draft> drafts) {
    Set<Fault> faults = new HashSet<>();
    for (int i = 0; i < drafts.size(); i++) {
      for (Fault fault : drafts.get(i).faults()) {
        faults.add(new Fault(fault.status(), fault.named() + "@" + i));
      }
    }
    boolean certain = drafts.stream().anyMatch(Draft::certain);
    return certain ? Verdict.unless(faults) : new Verdict(Set.of(201), faults);
  }

  private Arbitrary<Draft> draft() {
    Arbitrary<Member> owner =
        values.owner().map(text -> Member.of("owner", text, Rules.isOwner(text)));
    Arbitrary<Member> path =
        values.path().map(text -> Member.of("path", text, Rules.path(text).isPresent()));
    Arbitrary<Member> type =
        values
            .type()
            .map(
                text ->
                    Member.of(
                        "type",
                        text,
                        Rules.isType(text) && !Set.of("PUT", "DEL", "ERASED").contains(text)));
    Arbitrary<List<Member>> data =
        frequencyOf(
            Tuple.of(6, just(List.<Member>of())),
            Tuple.of(24, Json.value().map(json -> List.of(data(json)))),
            Tuple.of(2, Json.edge().map(json -> List.of(data(json)))),
            Tuple.of(
                1,
                Json.refused()
                    .map(
                        refused ->
                            List.of(
                                Member.bad(
                                    "\"data\":" + refused.text(), refused.status(), "data")))));
    Arbitrary<List<Member>> flaw =
        frequencyOf(Tuple.of(40, just(List.<Member>of())), Tuple.of(1, flaw().map(List::of)));
    return Combinators.combine(owner, path, type, data, flaw, Arbitraries.integers().between(0, 11))
        .as(
            (o, p, t, d, f, order) -> {
              List<Member> members = new ArrayList<>(List.of(o, p, t));
              java.util.Collections.rotate(members, order % 3);
              members.addAll(order % 2 == 0 ? members.size() : 0, d);
              members.addAll(f);
              return draft(members);
            });
  }

  /** A member too many. */
  private static Arbitrary<Member> flaw() {
    return of(
        Member.of("owner", "twice", false),
        Member.of("path", "/twice", false),
        Member.of("type", "twice", false),
        Member.bad("\"id\":1", 400, "event"),
        Member.bad("\"Owner\":\"a\"", 400, "event"),
        Member.bad("\"\":null", 400, "event"),
        Member.bad("\"data\":1,\"data\":1", 400, "data"),
        Member.bad("\"traceparent\":\"00-0-0-00\"", 400, "traceparent"),
        Member.bad("\"traceparent\":null", 400, "traceparent"),
        Member.bad("\"owner\":{}", 400, "owner"),
        Member.bad("\"type\":null", 400, "type"));
  }

  private static Draft draft(List<Member> members) {
    Set<Fault> faults = new HashSet<>();
    members.forEach(member -> faults.addAll(member.faults()));
    return new Draft(
        "{" + String.join(",", members.stream().map(Member::json).toList()) + "}",
        faults,
        members.stream().anyMatch(Member::certain));
  }

  /** Numbers that PostgreSQL writes out may make it too large. */
  private static Member data(String json) {
    boolean maybeLarge = json.length() > 2000 || json.split("[eE]", -1).length > 7;
    Set<Fault> doubts = maybeLarge ? Set.of(new Fault(413, "data")) : Set.of();
    return new Member("\"data\":" + json, doubts, false);
  }
}
