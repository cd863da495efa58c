package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.of;

import dev.gapless.fuzz.Request.Framing;
import dev.gapless.fuzz.Request.Payload;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** Everything else a node serves, with any method, and what it does not serve. */
final class OtherGrammar {
  private static final List<String> PATHS =
      List.of(
          "/",
          "/v1/events",
          "/v1/session",
          "/v1/revocations",
          "/v1/status",
          "/health/live",
          "/health/ready",
          "/events/",
          "/events-stream",
          "/v1/files/acme/a.txt",
          "/v1/owners/nobody-known",
          "/pub/a.txt",
          "/priv/a.txt");

  private static final List<String> UNKNOWN =
      List.of(
          "/page.js",
          "/icon.svg",
          "/v1",
          "/v1/",
          "/v1/events/",
          "/v1/Events",
          "/v1/files",
          "/v1/files/",
          "/v1/files/acme",
          "/v1/files//",
          "/v1/owners/",
          "/v1/%65vents",
          "/v1/./events",
          "/v1/x/../events",
          "//v1/events",
          "/events",
          "/events//",
          "/events-stream/",
          "/pub",
          "/pub/",
          "/health",
          "/metrics",
          "/dashboard",
          "/favicon.ico",
          "/robots.txt",
          "/%",
          "/%00",
          "/%2e%2e/v1/events",
          "/v1/events%00",
          "/v1/events;x=1",
          "/v1%2Fevents",
          "/../../etc/passwd",
          "/v1/events?",
          "/v1/events?&&=&a",
          "/v1/events??",
          "/v1/events?a=b?c=d",
          "*");

  private final Values values;

  OtherGrammar(Values values) {
    this.values = values;
  }

  Arbitrary<Request> request() {
    return frequencyOf(
        Tuple.of(3, anyMethod()),
        Tuple.of(2, anywhere()),
        Tuple.of(1, revocation()),
        Tuple.of(1, preflight()));
  }

  private Arbitrary<Request> anyMethod() {
    Arbitrary<String> method =
        of("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT");
    return Combinators.combine(method, of(PATHS), body())
        .as(
            (verb, path, payload) ->
                Request.of("", verb, path, List.of(), Verdict.unknown()).withPayload(payload));
  }

  private Arbitrary<Request> anywhere() {
    Arbitrary<String> hostile =
        Combinators.combine(values.hostile(), of(Param.Style.class))
            .as((text, style) -> "/" + style.encode(text));
    return Combinators.combine(
            of("GET", "GET", "HEAD", "OPTIONS", "PUT"),
            frequencyOf(Tuple.of(3, of(UNKNOWN)), Tuple.of(1, hostile)))
        .as((verb, target) -> Request.of("", verb, target, List.of(), Verdict.unknown()));
  }

  private static Arbitrary<Request> revocation() {
    Arbitrary<String> body =
        frequencyOf(
            Tuple.of(
                2,
                Arbitraries.strings()
                    .withChars("0123456789abcdefABCDEF")
                    .ofLength(64)
                    .map(hash -> "{\"sha256\":\"" + hash + "\"}")),
            Tuple.of(
                2,
                of(
                    "",
                    "{}",
                    "null",
                    "[]",
                    "{\"sha256\":null}",
                    "{\"sha256\":{}}",
                    "{\"sha256\":\"\\u0000\"}",
                    "{\"sha256\":\"" + "g".repeat(64) + "\"}",
                    "{\"sha256\":\"" + "a".repeat(3000) + "\"}",
                    "[".repeat(1500),
                    "[".repeat(2000) + "]".repeat(2000),
                    "x".repeat(5000),
                    "\u00ff")),
            Tuple.of(1, Json.value()));
    return Combinators.combine(
            body,
            frequencyOf(
                Tuple.of(9, of("application/json")), Tuple.of(1, of("text/plain", "nonsense"))))
        .as(
            (text, type) ->
                new Request(
                    "/v1/revocations",
                    "POST",
                    "/v1/revocations",
                    List.of("Content-Type: " + type),
                    new Payload(text.getBytes(StandardCharsets.ISO_8859_1), Framing.LENGTH),
                    Optional.empty(),
                    Verdict.unknown()));
  }

  private Arbitrary<Request> preflight() {
    return Combinators.combine(
            of(PATHS),
            of("https://a.example", "null", "http://localhost", "x", "\u00e9"),
            of("PUT", "GET", "nonsense", "a b", ""))
        .as(
            (path, origin, method) ->
                Request.of(
                    "",
                    "OPTIONS",
                    path,
                    List.of("Origin: " + origin, "Access-Control-Request-Method: " + method),
                    Verdict.accepted(204, 400, 403)));
  }

  private static Arbitrary<Payload> body() {
    return frequencyOf(
        Tuple.of(4, Arbitraries.just(Payload.none())),
        Tuple.of(1, of("", "x", "{}").map(Payload::of)),
        Tuple.of(
            1,
            Arbitraries.just(
                new Payload(
                    "not asked for".getBytes(StandardCharsets.UTF_8), Framing.ODD_CHUNKS))));
  }
}
